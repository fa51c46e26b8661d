import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';

/** Where the config of an installed controller is. */
const SYSTEM_CONFIG = '/etc/muster/muster.yaml';
/** Where the lab writes a ready config, below the folder in which it was started. */
export const LAB_DIR = '.muster/lab';

/** What `--config` and `--set` gave. */
export interface ConfigOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

/** Adds `--config` and `--set` to a command. */
export function withConfigOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      `config file (default: $MUSTER_CONFIG, a lab in this folder, ${SYSTEM_CONFIG})`,
    )
    .option(
      '--set <key=value>',
      'override one setting, may be repeated',
      (value: string, before: string[] = []) => [...before, value],
    );
}

/** A setting that is a secret by its name, and a URL with a password in it. */
const SECRET_KEY = /(^|[._-])(token|password|passwd|passphrase|secret)$/i;
const URL_WITH_PASSWORD = /\/\/[^/@\s:]*:[^/@\s]+@/;

/**
 * The config that a command uses. Says on standard error when its certificate ends soon; `quiet`: not even that. Throws
 * CONFIG_INVALID; USAGE for a secret in `--set`, which it does not repeat.
 */
export async function readSettings(
  options: ConfigOptions,
  { quiet }: { quiet: boolean } = { quiet: false },
): Promise<ControllerConfig> {
  for (const flag of options.set ?? []) refuseSecret(flag);
  // Imported here, because `muster --help` needs neither zod nor YAML and should be quick.
  const schema = await import('../../core/config/controller.ts');
  const { loadConfig } = await import('../../core/config/load.ts');
  const config = await loadConfig(schema.ControllerConfig, {
    path: await configPath(options.config),
    env: process.env,
    flags: options.set ?? [],
  });
  if (quiet) return config;
  const { expiryWarning } = await import('./expiry-warning.ts');
  const warning = await expiryWarning(config, Date.now());
  if (warning !== null) process.stderr.write(`${warning}\n`);
  return config;
}

/** Everybody on a host can read the arguments of its processes. */
function refuseSecret(flag: string): void {
  const [key = '', ...value] = flag.split('=');
  if (!SECRET_KEY.test(key) && !URL_WITH_PASSWORD.test(value.join('='))) return;
  throw new MusterError(
    'USAGE',
    `--set ${key}: is secret, and arguments can be read by everybody on this host; put it into the config or a file in conf.d beside it`,
  );
}

async function configPath(given: string | undefined): Promise<string> {
  const chosen = given ?? process.env.MUSTER_CONFIG;
  if (chosen !== undefined) return chosen;
  const lab = `${LAB_DIR}/muster.yaml`;
  return (await isOurs(lab)) ? lab : SYSTEM_CONFIG;
}

/** A config found in the current folder counts only if it is the caller's own: else anybody could lay one there. */
async function isOurs(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && found.uid === process.getuid?.();
}

/** What says where the contracts of a site's own agents are. */
export interface SiteOptions extends ConfigOptions {
  readonly agentsDir?: string;
}

/**
 * Folder of the contracts of the site's own agents: the one that was typed, else that of the config, for commands that work without
 * one too; undefined where there is none. Throws CONFIG_INVALID for a config that is named and wrong.
 */
export async function siteAgentsDir(options: SiteOptions): Promise<string | undefined> {
  if (options.agentsDir !== undefined) return options.agentsDir;
  const path = await configPath(options.config);
  const named = options.config !== undefined || process.env.MUSTER_CONFIG !== undefined;
  if (!named && (await stat(path).catch(() => null)) === null) return undefined;
  return (await readSettings(options, { quiet: true })).plugins.agents_dir;
}

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ControllerConfig } from '../../core/config/controller.ts';

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

/**
 * The config that a command uses. Says on standard error when its certificate ends soon; `quiet`: not even that. Throws
 * CONFIG_INVALID.
 */
export async function readSettings(
  options: ConfigOptions,
  { quiet }: { quiet: boolean } = { quiet: false },
): Promise<ControllerConfig> {
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

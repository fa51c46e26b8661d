import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { asMusterError, MusterError } from '../errors.ts';
import { explainIssues, type Origins, rememberOrigins } from './explain.ts';
import { readPluginD } from './plugin-d.ts';

/**
 * Where settings come from, weakest first: schema defaults, file, `conf.d/*.yaml` beside it in order of name, `plugin.d` beside it
 * (daemons only), environment, flags.
 */
export interface ConfigSources {
  readonly path: string;
  /** Variables `MUSTER_A__B=value` set `a.b`; values are read as YAML, so that numbers and lists work. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `a.b=value` texts, as `--set` gives them. */
  readonly flags?: readonly string[];
  /** Read `plugin.d/<plug-in>.cfg` and `.yaml` into `settings`. */
  readonly pluginD?: boolean;
  /** Filled with where each setting was set. */
  readonly origins?: Origins;
}

type Tree = Record<string, unknown>;

/** Variables with a meaning of their own, which are no settings. */
const RESERVED = new Set(['MUSTER_CONFIG', 'MUSTER_LAB', 'MUSTER_EXTRA_OPTS', 'MUSTER_TRACE']);

/**
 * Reads and checks a config. Throws CONFIG_INVALID with one line for each problem: file and line, key, value, what was
 * expected and, for an unknown key, the nearest known one.
 */
export async function loadConfig<S extends z.ZodType>(
  schema: S,
  sources: ConfigSources,
): Promise<z.output<S>> {
  const origins: Origins = sources.origins ?? new Map();
  let tree = await readTree(sources.path, origins);
  for (const path of await confD(sources.path)) tree = merge(tree, await readTree(path, origins));
  if (sources.pluginD === true) {
    const settings = await readPluginD(pluginDirOf(sources.path), origins);
    if (Object.keys(settings).length > 0) tree = merge(tree, { settings });
  }
  for (const [key, value] of envSettings(sources.env ?? {}))
    tree = setPath(tree, key, value, origins, `the environment`);
  for (const flag of sources.flags ?? []) tree = setPath(tree, ...splitFlag(flag), origins, '--set');
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  const problems = explainIssues(schema, result.error.issues, tree, origins, sources.path);
  throw new MusterError('CONFIG_INVALID', problems.join('\n'));
}

async function readTree(path: string, origins: Origins): Promise<Tree> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : asMusterError(cause).message;
    throw new MusterError(
      'CONFIG_INVALID',
      `cannot read the config ${path}: ${why} (give --config FILE or set MUSTER_CONFIG)`,
      { cause },
    );
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const first = document.errors[0];
  if (first !== undefined)
    throw new MusterError('CONFIG_INVALID', `${path}: is not YAML: ${first.message.split('\n')[0]}`);
  const tree: unknown = document.toJS() ?? {};
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new MusterError('CONFIG_INVALID', `${path}: expected a map of settings`);
  }
  rememberOrigins(document, lines, path, origins);
  return tree as Tree;
}

/** Files of the `conf.d` folder beside the config file, in order of name. */
async function confD(path: string): Promise<string[]> {
  const folder = join(dirname(path), 'conf.d');
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function merge(under: Tree, over: Tree): Tree {
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isTree(before) && isTree(value) ? merge(before, value) : value;
  }
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function envSettings(env: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(env)
    .filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && entry[0].startsWith('MUSTER_') && !RESERVED.has(entry[0]),
    )
    .map(([name, value]) => [name.slice('MUSTER_'.length).toLowerCase().replaceAll('__', '.'), value]);
}

function splitFlag(flag: string): [string, string] {
  const at = flag.indexOf('=');
  if (at < 1)
    throw new MusterError(
      'USAGE',
      `--set ${flag}: expected key=value, e.g. --set redis.url=redis://127.0.0.1:6379`,
    );
  return [flag.slice(0, at), flag.slice(at + 1)];
}

/** Settings of agents have dots in their names, and are texts. */
const AGENT_SETTING = 'settings.';

function setPath(tree: Tree, key: string, text: string, origins: Origins, origin: string): Tree {
  const ofAgent = key.startsWith(AGENT_SETTING);
  const value: unknown = ofAgent ? text : parseDocument(text).toJS();
  const path = ofAgent ? ['settings', key.slice(AGENT_SETTING.length)] : key.split('.');
  origins.set(key, origin);
  const nested = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
  return merge(tree, nested as Tree);
}

/** The folder of agents' settings beside a config. */
export function pluginDirOf(configPath: string): string {
  return join(dirname(configPath), 'plugin.d');
}

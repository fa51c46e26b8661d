import { z } from 'zod';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { explainIssues, type Origins } from '../src/core/config/explain.ts';
import type { Ddl } from '../src/core/ddl.ts';
import { MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';

/**
 * Agents that are served whatever settings say, and the only ones while a node is not provisioned: without them nobody could ask the
 * node, or get it back.
 */
export const ALWAYS_SERVED: readonly string[] = ['provision', 'rpcutil', 'trust'];
/** A setting that every other agent has. *Source:* MCollective's `plugin.AGENT.activate_agent`. */
const ACTIVATE = 'activate_agent';
const Activate = z.stringbool();

/** Does `AGENT.activate_agent: false` say that this agent is not to be served? Pure. */
export function isSwitchedOff(name: string, settings: DaemonConfig['settings']): boolean {
  return !ALWAYS_SERVED.includes(name) && Activate.safeParse(settings[`${name}.${ACTIVATE}`]).data === false;
}

/**
 * The settings of one agent or data plug-in, checked: of `settings: { 'nrpe.conf_dir': '/x' }` the part that begins with its
 * name. Asked in `activate`, a wrong one is told when the daemon starts. Throws CONFIG_INVALID that names each wrong key.
 */
export function settingsOf<S extends z.ZodObject>(
  name: string,
  schema: S,
  config: Pick<DaemonConfig, 'settings'>,
): z.output<S> {
  const tree = ownSettings(name, config.settings);
  const checked = schema.safeParse(tree);
  if (checked.success) return checked.data;
  const [first = '', ...details] = explainIssues(
    schema,
    checked.error.issues,
    tree,
    new Map(),
    `settings of ${name}`,
  );
  throw new MusterError('CONFIG_INVALID', first, { details });
}

/**
 * Looks at all settings when the daemon starts: each must be declared by an agent or data plug-in of its name, and fit. Those of a
 * plug-in that is not there are told in the log alone: it may come later. Throws CONFIG_INVALID with one line for each
 * problem: file and line as far as `origins` knows them, key, what was expected.
 */
export function checkSettings(
  settings: Readonly<Record<string, string>>,
  origins: Origins,
  declared: readonly Pick<Ddl, 'name' | 'settings'>[],
  log: Log,
): void {
  const where = new Map([...origins].map(([key, origin]) => [key.replace(/^settings\./, ''), origin]));
  const names = new Set(Object.keys(settings).map((key) => key.replace(/\..*$/s, '')));
  const problems = [...names].flatMap((name) => {
    const keys = Object.keys(settings).filter((key) => key === name || key.startsWith(`${name}.`));
    const unfit = switchProblem(name, settings[`${name}.${ACTIVATE}`]);
    if (unfit !== null) return [`${where.get(`${name}.${ACTIVATE}`) ?? 'settings'}: ${unfit}`];
    const [first] = keys.filter((key) => key !== `${name}.${ACTIVATE}`);
    if (first === undefined) return [];
    const place = where.get(first) ?? 'settings';
    if (keys.includes(name)) return [`${where.get(name) ?? 'settings'}: '${name}': expected AGENT.KEY`];
    const ddls = declared.filter((ddl) => ddl.name === name);
    if (ddls.length === 0) {
      log.warn({ plugin: name, where: place }, 'settings of an agent or data plug-in that is not here');
      return [];
    }
    if (ddls.every((ddl) => ddl.settings === undefined))
      return [`${place}: unknown setting '${first}'; '${name}' has no settings`];
    return problemsOf(name, ddls, settings, where);
  });
  if (problems.length > 0) throw new MusterError('CONFIG_INVALID', problems.join('\n'));
}

function switchProblem(name: string, value: string | undefined): string | null {
  const key = `'${name}.${ACTIVATE}'`;
  if (value === undefined) return null;
  if (ALWAYS_SERVED.includes(name)) return `${key}: ${name} is always served`;
  return Activate.safeParse(value).success ? null : `${key} is "${value}"; expected true or false`;
}

/** An agent and a data plug-in of one name share their settings. */
function problemsOf(
  name: string,
  ddls: readonly Pick<Ddl, 'settings'>[],
  settings: Readonly<Record<string, string>>,
  where: Origins,
): string[] {
  const shapes = ddls.map((ddl): z.ZodRawShape => ddl.settings?.shape ?? {});
  const schema = z.strictObject({ [name]: z.strictObject(Object.assign({}, ...shapes)) });
  const tree = { [name]: ownSettings(name, settings) };
  const checked = schema.safeParse(tree);
  return checked.success ? [] : explainIssues(schema, checked.error.issues, tree, where, 'settings');
}

function ownSettings(name: string, settings: Readonly<Record<string, string>>): Record<string, string> {
  const prefix = `${name}.`;
  const own = Object.entries(settings).filter(
    ([key]) => key.startsWith(prefix) && key !== `${prefix}${ACTIVATE}`,
  );
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** A list of absolute paths in one text, separated by colons as in PATH. Pure. */
export function pathList(text: string): string[] {
  return text.split(':').filter((path) => path.startsWith('/'));
}

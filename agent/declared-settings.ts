import type { z } from 'zod';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { explainIssues } from '../src/core/config/explain.ts';
import { MusterError } from '../src/core/errors.ts';

/**
 * The settings of one agent or data plug-in, checked: of `settings: { 'nrpe.conf_dir': '/x' }` the part that begins with its
 * name. Asked in `activate`, a wrong one is told when the daemon starts. Throws CONFIG_INVALID that names each wrong key.
 */
export function settingsOf<S extends z.ZodObject>(
  name: string,
  schema: S,
  config: Pick<DaemonConfig, 'settings'>,
): z.output<S> {
  const prefix = `${name}.`;
  const own = Object.entries(config.settings).filter(([key]) => key.startsWith(prefix));
  const tree = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
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

/** A list of absolute paths in one text, separated by colons as in PATH. Pure. */
export function pathList(text: string): string[] {
  return text.split(':').filter((path) => path.startsWith('/'));
}

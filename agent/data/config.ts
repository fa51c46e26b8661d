import type { DataPlugin } from '../../src/core/data.ts';
import { MusterError } from '../../src/core/errors.ts';
import { redact } from '../../src/core/redact.ts';
import type { AgentHost } from '../host.ts';
import { config as ddl } from './config.ddl.ts';

/**
 * One setting of the daemon: of the config itself, or of an agent (`settings`), whose names have dots in them. What the
 * log would hide is hidden here too. Throws RPC_DENIED for a secret.
 */
const plugin: DataPlugin<typeof ddl, Pick<AgentHost, 'config'>> = {
  ddl,
  activate: async () => true,
  async query(query, host) {
    const key = query ?? '';
    const own = Object.hasOwn(host.config.settings, key) ? ['settings', key] : key.split('.');
    const value = valueAt(host.config, own);
    if (value === undefined) return { present: false, value: '' };
    const shown = valueAt(redact(host.config), own);
    if (JSON.stringify(shown) !== JSON.stringify(value))
      throw new MusterError('RPC_DENIED', `the setting ${key} is, or holds, a secret`);
    return { present: true, value: typeof value === 'string' ? value : JSON.stringify(value) };
  },
};

/** Settings in filters. */
export default plugin;

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? Reflect.get(value, part)
        : undefined,
    tree,
  );
}

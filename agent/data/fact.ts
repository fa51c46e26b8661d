import type { DataPlugin } from '../../src/core/data.ts';
import { factAt } from '../../src/core/fact-at.ts';
import type { AgentHost } from '../host.ts';
import { fact } from './fact.ddl.ts';

const plugin: DataPlugin<typeof fact, AgentHost> = {
  ddl: fact,
  activate: async () => true,
  async query(name, host) {
    const value = name === null ? null : factAt(await host.facts(), name);
    if (value === null) return { exist: false };
    return { exist: true, value, value_encoding: /^[[{]/.test(value) ? 'json' : 'text' };
  },
};

/** Facts as data. */
export default plugin;

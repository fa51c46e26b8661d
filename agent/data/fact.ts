import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { fact } from './fact.ddl.ts';

const plugin: DataPlugin<typeof fact, AgentHost> = {
  ddl: fact,
  activate: async () => true,
  async query(name, host) {
    const facts = await host.facts();
    const value = name !== null && Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (value === undefined) return { exist: false };
    return { exist: true, value, value_encoding: value.startsWith('[') ? 'json' : 'text' };
  },
};

/** Facts as data. */
export default plugin;

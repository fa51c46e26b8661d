import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { collective } from './collective.ddl.ts';

const plugin: DataPlugin<typeof collective, Pick<AgentHost, 'collectives'>> = {
  ddl: collective,
  activate: async () => true,
  query: async (name, host) => ({ member: host.collectives().includes(name ?? '') }),
};

/** Collectives as data. */
export default plugin;

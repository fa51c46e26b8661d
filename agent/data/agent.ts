import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { agent } from './agent.ddl.ts';

const plugin: DataPlugin<typeof agent, Pick<AgentHost, 'served'>> = {
  ddl: agent,
  activate: async () => true,
  async query(name, host) {
    const ddl = host.served().find((one) => one.name === name);
    if (ddl === undefined) return { served: false };
    const { version, description, author, license, url, timeoutS: timeout } = ddl;
    return { served: true, version, description, author, license, url, timeout };
  },
};

/** Agents as data. */
export default plugin;

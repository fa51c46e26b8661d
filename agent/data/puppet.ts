import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { hasPuppet, puppetOf } from '../puppet/of-host.ts';
import { puppetStatus } from '../puppet/status.ts';
import { puppet } from './puppet.ddl.ts';

/** `puppet().enabled=true`. Only files are read. */
const plugin: DataPlugin<typeof puppet, AgentHost> = {
  ddl: puppet,
  activate: hasPuppet,
  async query(_query, host) {
    const { message, ...status } = await puppetStatus(await puppetOf(host), host.clock.nowMs());
    return status;
  },
};

/** The data plug-in `puppet`. */
export default plugin;

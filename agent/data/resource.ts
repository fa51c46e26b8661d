import type { DataPlugin } from '../../src/core/data.ts';
import type { AgentHost } from '../host.ts';
import { isManaged, managedResources, readSummary, totalsOf } from '../puppet/last-run.ts';
import { hasPuppet, puppetOf } from '../puppet/of-host.ts';
import { resource } from './resource.ddl.ts';

/** `resource('Package[nginx]').managed=true`, `resource().failed_resources>0`. Only files are read. */
const plugin: DataPlugin<typeof resource, AgentHost> = {
  ddl: resource,
  activate: hasPuppet,
  async query(query, host) {
    const paths = await puppetOf(host);
    const [summary, managed] = await Promise.all([readSummary(paths), managedResources(paths)]);
    const at = query?.indexOf('[') ?? -1;
    const [type, title] = query === null ? ['', ''] : [query.slice(0, at), query.slice(at + 1, -1)];
    return { managed: isManaged(managed, type, title), ...totalsOf(summary, host.clock.nowMs()) };
  },
};

/** The data plug-in `resource`. */
export default plugin;

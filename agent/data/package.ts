import type { DataPlugin } from '../../src/core/data.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { packageState } from '../system/apt.ts';
import { package as ddl } from './package.ddl.ts';

/** `package('nginx').installed=true`, `package('nginx').status=1.22.1-9`. */
const plugin: DataPlugin<typeof ddl, AgentHost> = {
  ddl,
  activate: () => exists('/usr/bin/dpkg-query'),
  async query(query, _host, signal) {
    const { ensure, version } = await packageState(query ?? '', signal);
    return { installed: version !== null, status: ensure };
  },
};

/** The data plug-in `package`. */
export default plugin;

import type { DataPlugin } from '../../src/core/data.ts';
import { asMusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { servicesOf } from '../system/services.ts';
import { service } from './service.ddl.ts';

/** `service('nginx').status=running`. A service that is not there is not running: that is an answer, no error. */
const plugin: DataPlugin<typeof service, AgentHost> = {
  ddl: service,
  activate: async () => true,
  async query(query, host, signal) {
    try {
      const { status, enabled } = await (await servicesOf(host)).look(query ?? '', signal);
      return { status, running: status === 'running', enabled: enabled ?? false, present: true };
    } catch (cause) {
      if (asMusterError(cause).code !== 'NOT_FOUND') throw cause;
      return { status: 'unknown', running: false, enabled: false, present: false };
    }
  },
};

/** The data plug-in `service`. */
export default plugin;

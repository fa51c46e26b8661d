import type { ActionRequest, Agent } from '../../src/core/agent.ts';
import type { AgentHost } from '../host.ts';
import type { ServiceStand, ServiceVerb } from '../system/service.ts';
import { servicesOf } from '../system/services.ts';
import { service } from './service.ddl.ts';

/** Services of the system. *Source:* the service agent of MCollective's plug-ins. */
const agent: Agent<typeof service, AgentHost> = {
  ddl: service,
  activate: async () => true,
  actions: {
    status: async ({ service: name }, { signal }, host) => (await servicesOf(host)).look(name, signal),
    start: act('start'),
    stop: act('stop'),
    restart: act('restart'),
    enable: act('enable'),
    disable: act('disable'),
  },
};

/** The `service` agent. */
export default agent;

/** Does it, and tells how the service stands afterwards. */
function act(verb: ServiceVerb) {
  return async (
    { service: name }: { readonly service: string },
    { signal }: ActionRequest,
    host: AgentHost,
  ): Promise<ServiceStand> => {
    const services = await servicesOf(host);
    await services.act(verb, name, signal);
    return services.look(name, signal);
  };
}

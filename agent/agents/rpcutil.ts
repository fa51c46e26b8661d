import type { Agent } from '../../src/core/agent.ts';
import type { AgentHost } from '../host.ts';
import { rpcutil } from './rpcutil.ddl.ts';

/** What every daemon can say of itself; always served. */
const agent: Agent<typeof rpcutil, AgentHost> = {
  ddl: rpcutil,
  activate: async () => true,
  actions: {
    ping: async (_input, _request, host) => ({ pong: Math.floor(host.clock.nowMs() / 1000) }),

    inventory: async (_input, request, host) => ({
      agents: host
        .served()
        .map((ddl) => ddl.name)
        .sort(),
      facts: await host.facts(),
      classes: await host.classes(),
      collectives: [...host.collectives()],
      main_collective: host.collectives()[0] ?? request.collective,
      version: host.version,
    }),

    get_fact: async ({ fact }, _request, host) => {
      const facts = await host.facts();
      return { fact, value: Object.hasOwn(facts, fact) ? (facts[fact] ?? null) : null };
    },

    agent_inventory: async (_input, _request, host) => ({
      agents: host.served().map((ddl) => ({
        agent: ddl.name,
        name: ddl.name,
        version: ddl.version,
        description: ddl.description,
        license: ddl.license,
        timeout: ddl.timeoutS,
      })),
    }),
  },
};

/** The `rpcutil` agent of every node. */
export default agent;

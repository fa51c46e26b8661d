import type { Agent } from '../../src/core/agent.ts';
import { factAt } from '../../src/core/fact-at.ts';
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
      data_plugins: (await host.data.list()).map(({ name }) => name).sort(),
      version: host.version,
    }),

    get_fact: async ({ fact }, _request, host) => ({ fact, value: factAt(await host.facts(), fact) }),

    async get_facts({ facts: names }, _request, host) {
      const facts = await host.facts();
      const wanted = names.split(',').map((name) => name.trim());
      return { values: Object.fromEntries(wanted.map((name) => [name, factAt(facts, name)])) };
    },

    async get_config_item({ item }, { signal }, host) {
      const { present, value } = await host.data.look('config', item, signal);
      return { item, value: present === true ? String(value) : null };
    },

    get_data: async ({ source, query }, { signal }, host) => ({
      values: { ...(await host.data.look(source, query ?? null, signal)) },
    }),

    collective_info: async (_input, request, host) => ({
      main_collective: host.collectives()[0] ?? request.collective,
      collectives: [...host.collectives()],
    }),

    async daemon_stats(_input, _request, host) {
      const { startedAtMs, ...counts } = host.stats();
      const { user, system } = process.cpuUsage();
      return {
        agents: host
          .served()
          .map(({ name }) => name)
          .sort(),
        pid: process.pid,
        starttime: Math.floor(startedAtMs / 1000),
        version: host.version,
        node_version: process.version,
        rss: process.memoryUsage.rss(),
        cpu_s: (user + system) / 1e6,
        ...counts,
      };
    },

    async policy_explain({ caller, role, agent, action }, _request, host) {
      const [facts, classes] = await Promise.all([host.facts(), host.classes()]);
      const decision = await host.policies.decide(agent, { caller, role, action, facts, classes });
      const { verdict, file, line, text, reason } = decision;
      const ddl = host.served().find(({ name }) => name === agent);
      const known = ddl !== undefined && Object.hasOwn(ddl.actions, action);
      return { verdict, file, line, text, reason: reason.slice(0, 1000), known };
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

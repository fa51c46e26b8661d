import { provision } from '../../agent/agents/provision.ddl.ts';
import { puppetca } from '../../agent/agents/puppetca.ddl.ts';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { publishEvent } from '../../src/bus/events.ts';
import { createRpcServer } from '../../src/bus/server.ts';
import type { RpcServer } from '../../src/bus/server-types.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Sealer } from '../../src/core/seal.ts';
import { memoryReplayCache } from '../../src/trust/replay.ts';
import { testPki } from './pki.ts';
import type { Actions } from './run-world.ts';

/** A daemon that serves made-up actions over a real bus, and registers. */
export async function startFakeDaemon(own: {
  bus: Bus;
  sealer: Sealer;
  collectives: readonly string[];
  actions: () => Actions;
}): Promise<RpcServer> {
  const { bus, sealer } = own;
  const { opener } = await testPki();
  const server = createRpcServer({
    ...{ bus, sealer, opener, identity: sealer.name, collectives: own.collectives, host: null },
    agents: () => agentsOf(own.actions()),
    facts: () => ({}),
    authorize: () => undefined,
    replay: memoryReplayCache({ clock: systemClock }),
    log: silentLog,
    clock: systemClock,
  });
  await server.ready();
  const agents = [...agentsOf(own.actions()).keys()];
  await publishEvent(
    { bus, sealer, clock: systemClock },
    { kind: 'registration', agents, facts: {}, classes: [], collectives: [...own.collectives], version: '1' },
  );
  return server;
}

function agentsOf(actions: Actions) {
  const served = [provision, puppetca, rpcutil].map((ddl) => {
    const mine = Object.keys(ddl.actions).filter((name) => actions[`${ddl.name}#${name}`] !== undefined);
    const run = (name: string) => async (input: unknown) =>
      actions[`${ddl.name}#${name}`]?.(input as never) as never;
    return { ddl, actions: Object.fromEntries(mine.map((name) => [name, run(name)])) };
  });
  return new Map(
    served.filter((agent) => Object.keys(agent.actions).length > 0).map((agent) => [agent.ddl.name, agent]),
  );
}

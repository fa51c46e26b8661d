import { puppetca } from '../../agent/agents/puppetca.ddl.ts';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import type { ActionOutput } from '../core/ddl.ts';
import type { Inventory } from '../core/inventory.ts';
import type { Rpc } from './deps.ts';
import type { Registry } from './registry.ts';

/** A master that answered now. */
export interface FoundMaster extends Inventory {
  readonly healthy: boolean;
}

type Known = ActionOutput<typeof rpcutil, 'inventory'>;

/**
 * Asks all Puppet masters of a collective how they are and what they know of themselves. No list is configured: whoever
 * registered with a master's certificate and answers is one. Ends as soon as all that are expected have answered, or
 * after `timeoutS`. Sorted by identity. Throws BROKER_UNREACHABLE.
 * *Source:* mcollective-server-provisioner, discovery of the `puppetca` agent on every run.
 */
export async function discoverMasters(
  rpc: Rpc,
  registry: Registry,
  options: { collective: string; timeoutS: number },
): Promise<FoundMaster[]> {
  const expected = await registry.expectedMasters();
  const ask = { filter: { agent: [puppetca.name] }, expected, timeoutS: options.timeoutS, graceMs: 0 };
  const [statuses, inventories] = await Promise.all([
    rpc.ask(options.collective, puppetca, 'status', {}, ask),
    rpc.ask(options.collective, rpcutil, 'inventory', {}, ask),
  ]);
  const running = new Set(
    statuses.replies.filter(({ data }) => data?.server === 'running').map(({ identity }) => identity),
  );
  const found: FoundMaster[] = [];
  for (const { identity, role, data } of inventories.replies) {
    // Any node may say that it serves the agent; only a certificate makes a master.
    if (data !== null && role === 'master') found.push(masterOf(identity, data, running.has(identity)));
  }
  const answered = found.map((master) => master.identity);
  await registry.asked({ answered, silent: expected.filter((identity) => !answered.includes(identity)) });
  return found.sort((a, b) => (a.identity < b.identity ? -1 : 1));
}

/** Does the Puppet Server of one master run? False when nobody answers. */
export async function masterRuns(
  rpc: Rpc,
  collective: string,
  identity: string,
  timeoutS: number,
): Promise<boolean> {
  try {
    const { server } = await rpc.node(collective, identity, {}).call(puppetca, 'status', {}, { timeoutS });
    return server === 'running';
  } catch {
    return false;
  }
}

function masterOf(identity: string, known: Known, healthy: boolean): FoundMaster {
  const { agents, facts, classes, collectives, version } = known;
  return { identity, agents, facts, classes, collectives, version, healthy };
}

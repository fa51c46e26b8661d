import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import rpcutil from '../../agent/agents/rpcutil.ts';
import type { BusState } from '../../src/bus/bus.ts';
import { openBus } from '../../src/bus/connection.ts';
import type { Authorize } from '../../src/bus/dispatch.ts';
import { createRpcServer } from '../../src/bus/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { MusterError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { decide } from '../../src/trust/policy/decide.ts';
import { parsePolicy } from '../../src/trust/policy/parse.ts';
import { memoryReplayCache } from '../../src/trust/replay.ts';
import { createOpener, createSealer } from '../../src/trust/seal.ts';

/** Nodes to be played, and what they speak with. Plain data, so that another process can be told. */
export interface FleetOnPaper {
  readonly broker: { readonly host: string; readonly port: number; readonly vhost: string };
  readonly collectives: readonly string[];
  readonly caPem: string;
  /** One key for all: a thousand of them would take minutes. Each node has a certificate of its own. */
  readonly keyPem: string;
  readonly nodes: readonly { readonly name: string; readonly certificatePem: string }[];
}

/** Is told what becomes of each node's connection. */
type WatchNode = (name: string, state: BusState) => void;

/** Connections that are opened at a time. */
const AT_ONCE = 20;
const POLICY = new URL('../../agent/policies/rpcutil.policy', import.meta.url);

/**
 * Plays nodes: for each one a TLS connection by its own certificate, the daemon's RPC server and its rpcutil agent under
 * Muster's own policy. What a daemon has besides is not there: no files, so no audit, and ids of requests are remembered
 * in memory alone. Fulfilled when all of them hear requests.
 */
export async function emulateFleet(
  fleet: FleetOnPaper,
  watch: WatchNode = () => undefined,
): Promise<{ stop(): Promise<void> }> {
  const { broker, collectives, caPem, keyPem } = fleet;
  const authorize = await ownPolicy();
  const opener = createOpener({ caPem, clock: systemClock });
  const parts = { clock: systemClock, log: silentLog };
  const open = async ({ name, certificatePem }: FleetOnPaper['nodes'][number]) => {
    const bus = openBus({
      ...parts,
      broker: { ...broker, tls: { ca: caPem, cert: certificatePem, key: keyPem } },
      onState: (state) => watch(name, state),
    });
    const server = createRpcServer({
      ...{ ...parts, bus, opener, authorize, identity: name, collectives },
      sealer: createSealer({ name, certificatePem, keyPem }),
      agents: () => new Map([['rpcutil', rpcutil]]),
      host: { clock: systemClock },
      facts: () => ({}),
      replay: memoryReplayCache({ clock: systemClock }),
    });
    await server.ready();
    return bus;
  };
  const buses = await inBatches(fleet.nodes, AT_ONCE, open);
  return { stop: async () => void (await Promise.all(buses.map((bus) => bus.close()))) };
}

/** What `work` gives for each item, at most `size` of them worked on at a time. */
export async function inBatches<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: size }, lane));
  return results;
}

async function ownPolicy(): Promise<Authorize> {
  const policy = parsePolicy(await readFile(POLICY, 'utf8'), new Map());
  return ({ sender, caller, action, facts, classes }) => {
    const { verdict } = decide(policy, { caller, role: sender.role, action, facts, classes });
    if (verdict === 'deny') throw new MusterError('RPC_DENIED', `${caller} may not call ${action}`);
  };
}

/** As a process of its own: the fleet comes on standard input, `ready` goes out, a signal ends it. */
if (import.meta.main) {
  const fleet: FleetOnPaper = JSON.parse(await text(process.stdin));
  const { stop } = await emulateFleet(fleet);
  process.once('SIGTERM', () => void stop());
  process.stdout.write('ready\n');
}

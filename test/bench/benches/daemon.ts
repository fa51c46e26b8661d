import { setTimeout as sleep } from 'node:timers/promises';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import { createRpcClient, type RpcClient } from '../../../src/bus/client.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { type Mcollective, setUpMcollective } from '../lib/mcollective.ts';
import { type Installed, installDaemon } from '../lib/muster-daemon.ts';
import type { Measured, Memory } from '../lib/process.ts';

const COLLECTIVE = 'mcollective';
const REQUESTS = 3000;
const STARTS = 5;
const SETTLE_S = 10;
const IDLE_S = 30;
const START_MS = 15_000;
const BARS = { idleMb: 55, usedMb: 85, startS: 0.5, idlePercent: 0.1 };

/** The figures of one kind of daemon. */
interface Life {
  readonly startS: number;
  readonly idle: Memory;
  readonly idlePercent: number;
  readonly used: Memory;
  readonly pingMs: number;
}

/** From the start of the process until the first request is answered: asked anew every few ms, for those before are lost. */
async function firstAnswerMs(client: RpcClient, identity: string, beganMs: number): Promise<number> {
  const heard = new AbortController();
  const first = Promise.withResolvers<number>();
  while (!heard.signal.aborted) {
    if (performance.now() - beganMs > START_MS) throw new Error(`${identity} does not come up`);
    client
      .call(COLLECTIVE, identity, rpcutil, 'ping', {}, { timeoutS: START_MS / 1000, signal: heard.signal })
      .then(() => {
        first.resolve(performance.now() - beganMs);
        heard.abort();
      })
      .catch(() => undefined);
    await sleep(10);
  }
  return first.promise;
}

async function ours(installed: Installed, client: RpcClient): Promise<Life> {
  const starts: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const beganMs = performance.now();
    const daemon = await installed.start('start1');
    starts.push(await firstAnswerMs(client, 'start1', beganMs));
    await daemon.stop();
  }
  const daemon = await installed.start('web1');
  await firstAnswerMs(client, 'web1', performance.now());
  try {
    const quiet = await idleOf(daemon);
    const pings: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      const beganMs = performance.now();
      await client.call(COLLECTIVE, 'web1', rpcutil, 'ping', {}, { timeoutS: 10 });
      pings.push(performance.now() - beganMs);
    }
    return { startS: median(starts) / 1000, ...quiet, used: daemon.memory(), pingMs: median(pings) };
  } finally {
    await daemon.stop();
  }
}

async function theirs(mco: Mcollective): Promise<Life> {
  const starts: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const { daemons, boundMs } = await mco.start(['start1']);
    starts.push(boundMs);
    await Promise.all(daemons.map((each) => each.stop()));
  }
  const [daemon] = (await mco.start(['web1'])).daemons;
  if (daemon === undefined) throw new Error('no mcollectived');
  const quiet = await idleOf(daemon);
  const pingMs = await mco.pings('web1', REQUESTS);
  return { startS: median(starts) / 1000, ...quiet, used: daemon.memory(), pingMs };
}

/** Memory when nothing has happened for a while, and the CPU that nothing costs. */
async function idleOf(daemon: Measured): Promise<Pick<Life, 'idle' | 'idlePercent'>> {
  await sleep(SETTLE_S * 1000);
  const idle = daemon.memory();
  const before = daemon.cpuMs();
  await sleep(IDLE_S * 1000);
  return { idle, idlePercent: ((daemon.cpuMs() - before) / (IDLE_S * 1000)) * 100 };
}

function figuresOf(mine: Life, other: Life): Figure[] {
  const figure = (name: string, unit: string, of: (life: Life) => number, bar?: number): Figure => ({
    ...{ name, unit, value: of(mine), baseline: { name: 'mcollectived', value: of(other) } },
    ...(bar === undefined ? {} : { bar }),
  });
  const used = `after ${REQUESTS} requests`;
  return [
    figure('idle, RSS', 'MB', ({ idle }) => idle.rssMb, BARS.idleMb),
    figure('idle, its own pages', 'MB', ({ idle }) => idle.ownMb),
    figure(`${used}, RSS`, 'MB', ({ used }) => used.rssMb, BARS.usedMb),
    figure(`${used}, its own pages`, 'MB', ({ used }) => used.ownMb),
    figure('from the start of the process to the first answer', 's', ({ startS }) => startS, BARS.startS),
    figure('idle, CPU of one core', '%', ({ idlePercent }) => idlePercent, BARS.idlePercent),
    figure('one request by one client, one after the other', 'ms', ({ pingMs }) => pingMs),
  ];
}

async function clientOf(broker: TestBroker): Promise<{ client: RpcClient; close(): Promise<void> }> {
  const pki = await testPki();
  const { sealer } = await pki.holder('alice', 'operator');
  const bus = await broker.busOf('alice', 'operator');
  const client = createRpcClient({ bus, sealer, opener: pki.opener, log: silentLog, clock: systemClock });
  const close = async () => {
    await client.close();
    await bus.close();
  };
  return { client, close };
}

/** The resident daemon beside its ancestor, each alone on the same broker over TLS, both with signed requests. */
const daemon: Bench = {
  name: 'daemon',
  summary: 'the bundled daemon of a node at rest and at work, beside mcollectived 2.12.5 (ssl security, TLS)',
  async run() {
    const broker = await startBroker({ collectives: [COLLECTIVE], operators: ['alice'] });
    const mco = await setUpMcollective(broker);
    const installed = await installDaemon(broker, COLLECTIVE);
    const { client, close } = await clientOf(broker);
    try {
      return figuresOf(await ours(installed, client), await theirs(mco));
    } finally {
      await close();
      await mco.stop();
      installed.remove();
      await broker.stop();
    }
  },
};
export default daemon;

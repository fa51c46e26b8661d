import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '../../kit/broker.ts';
import {
  enrolNodes,
  type FleetPlace,
  keepRegistry,
  nodeNames,
  operatorConfig,
  startEmulator,
} from '../../kit/fleet.ts';
import { inBatches } from '../../kit/fleet-emulator.ts';
import { startRedis } from '../../kit/redis.ts';
import { runMuster } from '../../kit/run-muster.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { type Mcollective, setUpMcollective } from '../lib/mcollective.ts';
import { installDaemon } from '../lib/muster-daemon.ts';

const COLLECTIVE = 'mcollective';
const DAEMONS = 100;
const EMULATED = 1000;
const ROUNDS = 7;
/** Rounds before that: a broker settles for a while after a thousand connections, and a program's first requests are its slowest. */
const WARM_UP = 4;
/** Between two commands, as when a person types them: what the first one left to do (lines of the audit) is done then. */
const PAUSE_MS = 2500;
/** Daemons that start at a time: each takes a core for a while. */
const STARTING = 4;
const [ONE = ''] = nodeNames(1);

/** What is typed, how many must answer, and the word that says how many did. */
const COMMANDS = [
  { argv: ['ping'], said: /^(\d+) replies max/m, one: false },
  { argv: ['rpc', 'rpcutil', 'ping'], said: /Finished processing (\d+) \/ \d+ hosts/, one: false },
  {
    argv: ['rpc', 'rpcutil', 'ping', '-I', ONE],
    said: /Finished processing (\d+) \/ \d+ hosts/,
    one: true,
  },
] as const;
type Command = (typeof COMMANDS)[number];
/** Bars in seconds, in the order of the commands. */
const BARS_DAEMONS = [0.6, 0.6, 0.35];
const BARS_EMULATED = [1.5, 1.5, 0.35];

type Run = (argv: readonly string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>;

/** Seconds from the start of the process to its end, the median of some rounds after those to warm up. Nobody may be missing. */
async function wallS({ argv, said, one }: Command, nodes: number, run: Run): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    await sleep(PAUSE_MS);
    const beganMs = performance.now();
    const { code, stdout, stderr } = await run(argv);
    if (round >= WARM_UP) times.push((performance.now() - beganMs) / 1000);
    const answered = Number(said.exec(stdout)?.[1]);
    if (code !== 0 || answered !== (one ? 1 : nodes))
      throw new Error(`${argv.join(' ')}: ${answered} answered, exit code ${code}\n${stderr}`);
  }
  return median(times);
}

async function allOf(nodes: number, run: Run): Promise<number[]> {
  const times: number[] = [];
  for (const command of COMMANDS) times.push(await wallS(command, nodes, run));
  return times;
}

/** A real daemon process for each node: the bundle, with a key of its own. */
async function withDaemons(place: FleetPlace, run: Run): Promise<number[]> {
  const names = nodeNames(DAEMONS);
  const registered = await keepRegistry(place, 'ctl');
  const installed = await installDaemon(place.broker, COLLECTIVE);
  const daemons = await inBatches(names, STARTING, async (name) => {
    const daemon = await installed.start(name);
    await registered.all([name]);
    return daemon;
  });
  try {
    return await allOf(DAEMONS, run);
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    installed.remove();
    await registered.stop();
  }
}

async function withMcollectived(mco: Mcollective): Promise<number[]> {
  await mco.start(nodeNames(DAEMONS));
  try {
    return await allOf(DAEMONS, (argv) => mco.mco(...argv));
  } finally {
    await mco.stop();
  }
}

async function withEmulated(place: FleetPlace, run: Run): Promise<number[]> {
  const emulator = await startEmulator(await enrolNodes(place, nodeNames(EMULATED)));
  try {
    return await allOf(EMULATED, run);
  } finally {
    await emulator.stop();
  }
}

function figures(who: string, values: readonly number[], bars: readonly number[], theirs: readonly number[]) {
  return COMMANDS.map(({ argv }, index): Figure => {
    const baseline = { name: `mco, ${DAEMONS} daemons`, value: theirs[index] ?? Number.NaN };
    const name = `muster ${argv.join(' ')}, ${who}`;
    return { name, unit: 's', value: values[index] ?? Number.NaN, baseline, bar: bars[index] ?? 0 };
  });
}

/** What a person waits for, beside what they waited for before. */
const rpc: Bench = {
  name: 'rpc',
  summary: `wall time of commands from the shell, ${DAEMONS} daemon processes and ${EMULATED} emulated nodes, RabbitMQ over TLS, all on this machine, beside MCollective 2.12.5 (ssl)`,
  async run() {
    const dir = mkdtempSync(join(tmpdir(), 'muster-bench-'));
    const redis = await startRedis();
    const broker = await startBroker({
      collectives: [COLLECTIVE],
      controllers: ['ctl'],
      operators: ['alice'],
    });
    const place: FleetPlace = { broker, redis, collectives: [COLLECTIVE] };
    try {
      const config = await operatorConfig(place, dir, 'alice');
      // Time enough on a busy machine: what is measured is when all have answered, not who came too late.
      const run: Run = (argv) => runMuster(config, [...argv, '--timeout', '30']).end;
      const daemons = await withDaemons(place, run);
      const theirs = await withMcollectived(await setUpMcollective(broker));
      const emulated = await withEmulated(place, run);
      return [
        ...figures(`${DAEMONS} daemons`, daemons, BARS_DAEMONS, theirs),
        ...figures(`${EMULATED} emulated nodes`, emulated, BARS_EMULATED, theirs),
      ];
    } finally {
      await broker.stop();
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};
export default rpc;

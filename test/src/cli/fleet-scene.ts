import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provision } from '../../../agent/agents/provision.ddl.ts';
import { puppet } from '../../../agent/agents/puppet.ddl.ts';
import rpcutil from '../../../agent/agents/rpcutil.ts';
import { fact } from '../../../agent/data/fact.ddl.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import type { ServedAgent } from '../../../src/bus/dispatch.ts';
import { createRpcServer } from '../../../src/bus/server.ts';
import { createRegistry } from '../../../src/controller/registry.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { DataValue } from '../../../src/core/data.ts';
import { silentLog } from '../../../src/core/log.ts';
import { memoryReplayCache } from '../../../src/trust/replay.ts';
import type { TestBroker } from '../../kit/broker.ts';
import { enrolNodes, type FleetPlace, operatorConfig } from '../../kit/fleet.ts';
import { testPki } from '../../kit/pki.ts';
import type { TestRedis } from '../../kit/redis.ts';

const MUSTER = fileURLToPath(new URL('../../../src/cli/muster', import.meta.url));

const GONE_MS = 3_600_000;

/** A node to be played, and whether it answers. */
export interface SceneNode {
  readonly name: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly classes?: readonly string[];
  /** What its data plug-in `probe` says of `up`. */
  readonly up?: DataValue;
  readonly collectives?: readonly string[];
  /** In the registry, and there is no daemon. */
  readonly silent?: boolean;
  /** The same, and it has missed many registrations. */
  readonly gone?: boolean;
  /** What it registered with. */
  readonly agents?: readonly string[];
}

/** Commands of a shell with `muster` in the path, and what the nodes did. */
export interface FleetScene {
  readonly config: string;
  /** `agent#action` of every call that reached a node, as `node agent#action`. */
  readonly calls: string[];
  /** Runs a line in bash, in a folder of its own. */
  sh(line: string): Promise<{ code: number; stdout: string; stderr: string }>;
  stop(): Promise<void>;
}

/** Plays nodes in this process, puts them into the registry, and lets an operator `op` type commands. */
export async function startFleetScene(
  at: { broker: TestBroker; redis: TestRedis; collectives: readonly string[]; dir: string },
  nodes: readonly SceneNode[],
): Promise<FleetScene> {
  const place: FleetPlace = at;
  const calls: string[] = [];
  await enrolNodes(
    place,
    nodes.map(({ name }) => name),
  );
  await register(place, nodes);
  const buses = await Promise.all(
    nodes
      .filter(({ silent, gone }) => silent !== true && gone !== true)
      .map((node) => play(place, node, calls)),
  );
  const config = await operatorConfig(place, at.dir, 'op');
  const bin = join(at.dir, 'muster');
  await writeFile(bin, `#!/bin/sh\nexec "${MUSTER}" "$@"\n`);
  await chmod(bin, 0o755);
  const env = { PATH: `${at.dir}:${process.env.PATH}`, MUSTER_CONFIG: config, NO_COLOR: '1' };
  return {
    config,
    calls,
    sh: (line) =>
      new Promise((resolve) => {
        // Bash's own standard input is at its end, as that of a job.
        const child = execFile(
          'bash',
          ['--norc', '-c', line],
          { cwd: at.dir, env },
          (error, stdout, stderr) =>
            resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
        );
        child.stdin?.end();
      }),
    stop: async () => void (await Promise.all(buses.map((bus) => bus.close()))),
  };
}

async function register(place: FleetPlace, nodes: readonly SceneNode[]): Promise<void> {
  const door = await place.redis.door('fleet');
  for (const node of nodes) {
    const { name, facts = {}, classes = [], collectives = place.collectives.slice(0, 1) } = node;
    const agoMs = node.gone === true ? GONE_MS : 0;
    const registry = createRegistry(door, { ...systemClock, nowMs: () => systemClock.nowMs() - agoMs });
    const { agents = ['rpcutil', 'provision'] } = node;
    await registry.heard({
      ...{ role: 'node', version: '0.1.0' },
      agents: [...agents],
      identity: name,
      facts,
      classes,
      collectives,
      ...(node.gone === true ? { everyS: 60 } : {}),
    });
  }
}

async function play(place: FleetPlace, node: SceneNode, calls: string[]): Promise<Bus> {
  const { name, facts = {}, classes = [], up, collectives = place.collectives.slice(0, 1) } = node;
  const { opener, holder } = await testPki();
  const bus = await place.broker.busOf(name, 'node');
  const host = {
    clock: systemClock,
    version: '0.1.0',
    facts: async () => facts,
    classes: async () => classes,
    collectives: () => collectives,
    served: () => [rpcutil.ddl, provision],
    data: {
      list: async () => [fact],
      look: async (_: string, name: string) => ({
        exist: Object.hasOwn(facts, name),
        value: facts[name] ?? '',
      }),
    },
    stats: () => ({
      ...{
        startedAtMs: 0,
        total: 3,
        validated: 3,
        unvalidated: 0,
        ttlexpired: 0,
        replayed: 0,
        filtered: 1,
        passed: 2,
        replies: 2,
      },
    }),
  };
  const server = createRpcServer({
    ...{ bus, opener, host, collectives, identity: name, clock: systemClock, log: silentLog },
    sealer: (await holder(name, 'node')).sealer,
    agents: () =>
      new Map<string, ServedAgent>([
        ['rpcutil', rpcutil],
        [
          'provision',
          { ddl: provision, actions: { lock_deploy: async () => ({ owner: 'op', changed: true }) } },
        ],
        ['puppet', puppetOf(name)],
      ]),
    facts: () => facts,
    classes: () => classes,
    authorize: ({ agent, action }) => void calls.push(`${name} ${agent}#${action}`),
    data: async ({ field }) => (field === 'up' ? (up ?? null) : null),
    replay: memoryReplayCache({ clock: systemClock }),
  });
  await server.ready();
  return bus;
}

/** Puppet runs end at once on the first node of its kind, and never on the others. */
function puppetOf(name: string): ServedAgent {
  const over = name.endsWith('1');
  return {
    ddl: puppet,
    actions: {
      runonce: async () => ({ summary: 'Started', run: 'x', initiated_at: 0 }),
      run_status: async () => ({
        ...{ run: 'x', state: over ? 'finished' : 'running', verdict: over ? 'good' : null, reason: null },
        ...{
          exitcode: over ? 2 : null,
          environment: null,
          resources: null,
          failed_resources: [],
          output: '',
        },
        ...{ started_at_ms: 0, ended_at_ms: over ? 0 : null },
      }),
    },
  };
}

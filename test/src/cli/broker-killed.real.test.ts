import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import type { RpcClient } from '../../../src/bus/client.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { enrolNodes, type FleetPlace, nodeNames, operatorConfig, registerNodes } from '../../kit/fleet.ts';
import { emulateFleet } from '../../kit/fleet-emulator.ts';
import { startRedis } from '../../kit/redis.ts';
import { runMuster } from '../../kit/run-muster.ts';
import { clientOf } from '../bus/rpc-kit.ts';

const NODES = nodeNames(30);
const COLLECTIVES = ['mcollective', 'dmz'] as const;
const BACK_MS = 5000;
let broker: TestBroker;
let config: string;
let bus: Bus;
let client: RpcClient;
/** When each node was connected last, in ms of this process. */
const upAtMs = new Map<string, number>();
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-killed-'));
  ends.push(() => rm(dir, { recursive: true }));
  const redis = await startRedis();
  ends.push(() => redis.stop());
  broker = await startBroker({ collectives: COLLECTIVES, controllers: ['ctl'], operators: ['alice'] });
  ends.push(() => broker.stop());
  const place: FleetPlace = { broker, redis, collectives: COLLECTIVES };
  const emulated = await emulateFleet(await enrolNodes(place, NODES), (name, state) => {
    if (state === 'up') upAtMs.set(name, performance.now());
    else upAtMs.delete(name);
  });
  ends.push(() => emulated.stop());
  // Known and silent, so that a command still waits when the broker is killed.
  await registerNodes(place, ['silent1']);
  config = await operatorConfig(place, dir, 'alice');
  bus = await broker.busOf('ctl', 'controller', { backoffBaseMs: 500 });
  ends.push(() => bus.close());
  client = await clientOf(bus, 'ctl', 'controller');
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Asks all nodes without a pause, whatever becomes of it, until it is told to end. */
function load(): { asked(): number; stop(): Promise<void> } {
  let [going, asked] = [true, 0];
  const ask = async () => {
    while (going) {
      const options = { expected: NODES, timeoutS: 1 };
      const { replies } = await client
        .ask('mcollective', rpcutil, 'ping', {}, options)
        .catch(() => ({ replies: [] }));
      asked += replies.length;
    }
  };
  const lanes = Array.from({ length: 4 }, ask);
  return {
    asked: () => asked,
    stop: async () => {
      going = false;
      await Promise.all(lanes);
    },
  };
}

describe('a broker that is killed under load', () => {
  it('gets its nodes back within five seconds of its return, spread, none deaf in any collective', async () => {
    const loaded = load();
    await expect.poll(() => loaded.asked(), { timeout: 30_000 }).toBeGreaterThan(NODES.length * 5);
    await broker.kill();
    await expect.poll(() => upAtMs.size).toBe(0);
    // So long that the first, short waits of everybody are over.
    await sleep(8000);
    const started = broker.start();
    await broker.listens();
    const listensAtMs = performance.now();
    await started;
    await expect.poll(() => upAtMs.size, { timeout: 30_000, interval: 20 }).toBe(NODES.length);
    const waits = [...upAtMs.values()].map((atMs) => atMs - listensAtMs).sort((a, b) => a - b);
    expect(waits.at(-1)).toBeLessThan(BACK_MS);
    // With jitter: neither all at one moment, nor half of them within a quarter second.
    expect((waits.at(-1) ?? 0) - (waits[0] ?? 0)).toBeGreaterThan(1500);
    for (let at = 0; at + NODES.length / 2 < waits.length; at++)
      expect((waits[at + NODES.length / 2] ?? 0) - (waits[at] ?? 0)).toBeGreaterThan(250);
    await loaded.stop();
    await bus.ready({ timeoutS: 10 });
    for (const collective of COLLECTIVES) {
      const { silent } = await client.ask(collective, rpcutil, 'ping', {}, { expected: NODES, timeoutS: 20 });
      expect(silent).toEqual([]);
      // Each by its own address as well.
      const named = { to: NODES, expected: NODES, timeoutS: 20 };
      expect((await client.ask(collective, rpcutil, 'ping', {}, named)).silent).toEqual([]);
    }
  });

  it('leaves a command that waits with what it has, what happened, and exit code 3, when its time is over', async () => {
    const command = runMuster(config, ['rpc', 'rpcutil', 'ping', '--timeout', '6']);
    await expect.poll(() => command.stdout(), { timeout: 60_000 }).toContain('node0030');
    await broker.kill();
    const killedAtMs = performance.now();
    const { code, stdout, stderr } = await command.end;
    expect(performance.now() - killedAtMs).toBeLessThan(12_000);
    expect(code).toBe(3);
    expect(stdout).toContain(`Finished processing ${NODES.length} / ${NODES.length + 1} hosts`);
    expect(stdout).toMatch(/No response from:\s+silent1/);
    expect(stderr).toContain(
      'BROKER_UNREACHABLE: the connection to the broker was lost while nodes were asked',
    );
    expect(stderr).toContain('next: ');
  });

  it('is named by a command that begins while it is away, within its time', async () => {
    for (const argv of [['ping'], ['rpc', 'rpcutil', 'ping'], ['rpc', 'rpcutil', 'ping', '-I', 'node0001']]) {
      const { code, stdout, stderr, wallMs } = await runMuster(config, [...argv, '-t', '2']).end;
      expect(code).toBe(3);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^muster: BROKER_UNREACHABLE: not connected within 2 s .*ECONNREFUSED/);
      expect(wallMs).toBeLessThan(12_000);
    }
  });

  it('answers the next command after its return', async () => {
    await broker.start();
    await expect.poll(() => upAtMs.size, { timeout: 30_000 }).toBe(NODES.length);
    const { code, stdout } = await runMuster(config, ['ping', '-I', 'node0001', '-t', '30']).end;
    expect(code).toBe(0);
    expect(stdout).toContain('1 replies');
  });
});

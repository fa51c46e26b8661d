import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditStore } from '../../../src/controller/audit.ts';
import type { Rpc } from '../../../src/controller/deps.ts';
import { onEvent } from '../../../src/controller/events.ts';
import { createJoins } from '../../../src/controller/joins.ts';
import { createRegistry } from '../../../src/controller/registry.ts';
import { openRuns } from '../../../src/controller/runs.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run-fakes.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const RUN = 'i-1.aaaaaa';
const HOUR_MS = 3_600_000;
const audit: Pick<AuditStore, 'keep'> = { keep: async () => undefined };

/** A run that sleeps for an hour, and the event of its node's registration. `beforeGet` happens while the run looks. */
async function scene(beforeGet: (register: () => Promise<void>) => Promise<void> = async () => undefined) {
  const door = await redis.door();
  const world = createWorld();
  const runs = openRuns(door, { keepDays: 1, log: silentLog });
  const registry = createRegistry(door, systemClock);
  const data = testRun(world, 'i-1');
  const looking = {
    async get(identity: string) {
      await beforeGet(register);
      return registry.get(identity);
    },
  };
  const asked: string[] = [];
  const rpc: Rpc = {
    ...world.rpc,
    node(collective, identity, facts) {
      asked.push(identity);
      return world.rpc.node(collective, identity, facts);
    },
  };
  const joins = createJoins({ door, registry: looking, runs, rpc });
  const register = () =>
    onEvent(
      {
        kind: 'registration',
        agents: [],
        facts: {},
        classes: [],
        collectives: ['provisioning'],
        version: '1',
        every_s: 300,
      },
      { name: 'i-1', role: 'node' },
      { registry, runs, joins, audit },
    );
  await runs.queue.add('run', data, { jobId: RUN, delay: HOUR_MS });
  const sleeps = async () => (await runs.get(RUN))?.isDelayed();
  return { runs, joins, data, register, sleeps, asked, registry };
}

test('a registration wakes the run that looked for its node and went to sleep', async () => {
  const { runs, joins, data, register, sleeps, registry } = await scene();
  expect(await joins.joined({ id: RUN, data })).toBe(false);
  expect(await sleeps()).toBe(true);
  await register();
  expect(await registry.get('i-1')).toMatchObject({ everyS: 300 });
  expect(await sleeps()).toBe(false);
  expect(await runs.wakes(RUN)).toBe(1);
  expect(await joins.joined({ id: RUN, data })).toBe(true);
});

test('a registration that comes in before the run looks is found by the look', async () => {
  const { joins, data, register } = await scene();
  await register();
  expect(await joins.joined({ id: RUN, data })).toBe(true);
});

test('a registration that comes in while the run looks is found, or wakes it', async () => {
  let once = true;
  const { runs, joins, data } = await scene(async (register) => {
    if (once) await register();
    once = false;
  });
  const found = await joins.joined({ id: RUN, data });
  expect([found, await runs.wakes(RUN)]).toEqual([true, 1]);
});

test('a registration wakes nobody when no run waits for its node', async () => {
  const { runs, joins, data, register, sleeps } = await scene();
  await register();
  expect(await joins.joined({ id: RUN, data })).toBe(true);
  await register();
  expect([await sleeps(), await runs.wakes(RUN)]).toEqual([true, 0]);
});

test('a node that nobody has heard of is not asked at first, so that its registration is not waited for in vain', async () => {
  const { joins, data, asked } = await scene();
  await joins.joined({ id: RUN, data });
  expect(asked).toEqual([]);
  const error = { code: 'NODE_UNREACHABLE', message: '', step: null, lastLines: [] } as const;
  await joins.joined({ id: RUN, data: { ...data, error } });
  expect(asked).toEqual(['i-1']);
});

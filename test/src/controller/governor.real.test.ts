import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGovernor, type Governor } from '../../../src/controller/governor.ts';
import { silentLog } from '../../../src/core/log.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { overJob, startTestEngine, testConfig, testRun } from '../../kit/run-fakes.ts';
import { addMaster } from '../../kit/run-master.ts';
import { addNode } from '../../kit/run-node.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test('twenty runs on one master: never more Puppet runs than its slots, and all are provisioned', async () => {
  const world = createWorld();
  addMaster(world, 'puppet-a');
  const names = Array.from({ length: 20 }, (_, index) => `i-${index}`);
  for (const name of names) addNode(world, name).puppetMs = 60;
  const config = testConfig({ master: { puppet_runs: 3 } });
  const [first, second] = await Promise.all(
    [await redis.door('slots'), await redis.door('slots')].map((door) =>
      startTestEngine({ door, world, config }),
    ),
  );
  if (first === undefined || second === undefined) throw new Error('no engines');
  await Promise.all(names.map((name) => first.runs.add(`${name}.aaaaaa`, testRun(world, name))));
  const jobs = await Promise.all(names.map((name) => overJob(first, `${name}.aaaaaa`, 60_000)));
  await Promise.all([first.close(), second.close()]);
  expect(jobs.map((job) => job.data.error)).toEqual(names.map(() => null));
  expect(world.peak('puppet-a')).toBe(3);
});

test('slots are granted in the order of asking, are counted, and go to the next one when they are freed', async () => {
  const wanted = new Map<string, string>();
  const granted: string[] = [];
  const door = await redis.door();
  const governor: Governor = createGovernor({
    ...{ door, perMaster: 1, leases: { lockMs: 1500, stalledMs: 500 }, log: silentLog },
    wants: async (run, slot) => wanted.get(run) === slot,
    wake: async (run) => void granted.push(run),
  });
  const ask = (run: string) => {
    wanted.set(run, `slot-${run}`);
    return governor.ask('puppet.example.org', `slot-${run}`, run);
  };
  await ask('a');
  while (granted.length === 0) await sleep(10);
  expect(await ask('a')).toEqual({ granted: true, before: 0 });
  expect(await ask('b')).toEqual({ granted: false, before: 0 });
  expect(await ask('c')).toEqual({ granted: false, before: 1 });
  expect(await ask('d')).toEqual({ granted: false, before: 2 });
  // Asking again neither loses the place nor makes another one.
  expect(await ask('c')).toEqual({ granted: false, before: 1 });
  for (const run of ['a', 'b', 'c', 'd']) {
    while (!granted.includes(run)) await sleep(10);
    wanted.delete(run);
    governor.free({ master: 'puppet.example.org', id: `slot-${run}` });
  }
  expect(granted).toEqual(['a', 'b', 'c', 'd']);
  while ((await governor.usage('puppet.example.org')).active > 0) await sleep(10);
  await governor.close();
});

test('a slot whose run wants it no more is given back even when nobody says so', async () => {
  const wanted = new Map([['a', 'slot-a']]);
  const granted: string[] = [];
  const governor = createGovernor({
    ...{ door: await redis.door(), perMaster: 1, leases: { lockMs: 1500, stalledMs: 500 }, log: silentLog },
    wants: async (run, slot) => wanted.get(run) === slot,
    wake: async (run) => void granted.push(run),
  });
  await governor.ask('puppet-a', 'slot-a', 'a');
  while (granted.length === 0) await sleep(10);
  wanted.clear();
  while ((await governor.usage('puppet-a')).active > 0) await sleep(50);
  await governor.close();
});

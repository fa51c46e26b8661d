import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { notingSteps } from '../../kit/run-controller.ts';
import { overJob, startTestEngine, testRun } from '../../kit/run-fakes.ts';
import { addMaster } from '../../kit/run-master.ts';
import { addNode } from '../../kit/run-node.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const PLAN = ['one', 'slow', 'three'].map((step) => ({ step, options: {} }));

function worldOf() {
  const world = createWorld();
  addMaster(world, 'puppet-a');
  addNode(world, 'i-1');
  return world;
}

async function midStep(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
}

test('a controller that is killed in mid-step: another one resumes, each step is recorded once, no slot is lost', async () => {
  const door = await redis.door('crash');
  const world = worldOf();
  const script = fileURLToPath(new URL('../../kit/run-controller.ts', import.meta.url));
  const child = spawn(process.execPath, [script, redis.url, 'crash'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const inStep = midStep(child);
  const { openRuns } = await import('../../../src/controller/runs.ts');
  const { silentLog } = await import('../../../src/core/log.ts');
  const runs = openRuns(door, { keepDays: 1, log: silentLog });
  await runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan: PLAN }));
  await inStep;
  child.kill('SIGKILL');
  const engine = await startTestEngine({ door, world, steps: notingSteps(door, 10) });
  const killedAtMs = Date.now();
  const { data } = await overJob(engine, 'i-1.aaaaaa');
  const usage = await engine.governor.usage('puppet-a');
  await engine.close();
  await runs.close();
  expect(data.outcome).toBe('provisioned');
  expect(data.steps.map(({ step, outcome, attempts }) => [step, outcome, attempts])).toEqual([
    ['one', 'done', 1],
    ['slow', 'done', 1],
    ['three', 'done', 1],
  ]);
  expect(await door.quick.lrange(door.key('test-calls'), 0, -1)).toEqual(['one', 'slow', 'slow', 'three']);
  expect(usage.waiting).toBe(0);
  expect(Date.now() - killedAtMs).toBeLessThan(8000);
});

test('a controller that is stopped hands its step back at once, and the next one goes on', async () => {
  const world = worldOf();
  const door = await redis.door();
  const begun = Promise.withResolvers<void>();
  const first = await startTestEngine({
    door,
    world,
    steps: notingSteps(door, null, begun.resolve),
    more: { graceMs: 200 },
  });
  await first.runs.add('i-1.bbbbbb', testRun(world, 'i-1', { plan: PLAN }));
  await begun.promise;
  const stopAtMs = Date.now();
  await first.close();
  expect(Date.now() - stopAtMs).toBeLessThan(3000);
  const second = await startTestEngine({
    door: await redis.door(door.prefix),
    world,
    steps: notingSteps(door, 10),
  });
  const { data } = await overJob(second, 'i-1.bbbbbb');
  await second.close();
  expect(data.steps.map(({ step, attempts }) => [step, attempts])).toEqual([
    ['one', 1],
    ['slow', 1],
    ['three', 1],
  ]);
});

test('Redis that is killed and comes back under a run loses nothing', async () => {
  const world = worldOf();
  const door = await redis.door();
  const begun = Promise.withResolvers<void>();
  const engine = await startTestEngine({ door, world, steps: notingSteps(door, 1500, begun.resolve) });
  await engine.runs.add('i-1.cccccc', testRun(world, 'i-1', { plan: PLAN }));
  await begun.promise;
  await redis.kill();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await redis.start();
  const untilMs = Date.now() + 20_000;
  let outcome: string | null | undefined;
  while (outcome !== 'provisioned' && Date.now() < untilMs) {
    outcome = (await engine.runs.get('i-1.cccccc').catch(() => undefined))?.data.outcome;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await engine.close();
  expect(outcome).toBe('provisioned');
});

test('a controller that lost its run while it was paused cannot write over it', async () => {
  const world = worldOf();
  const door = await redis.door();
  const begun = Promise.withResolvers<void>();
  const steps = notingSteps(door, 300, () => begun.resolve());
  const engine = await startTestEngine({ door, world, steps });
  await engine.runs.add('i-1.dddddd', testRun(world, 'i-1', { plan: PLAN }));
  await begun.promise;
  // As another controller would have it, which dies at once: the lock is not ours any more.
  await door.quick.set(`${door.prefix}:runs:i-1.dddddd:lock`, 'another', 'PX', 600);
  const { data } = await overJob(engine, 'i-1.dddddd');
  await engine.close();
  expect(await door.quick.lrange(door.key('test-calls'), 0, -1)).toEqual(['one', 'slow', 'slow', 'three']);
  expect(data.steps.map(({ step, outcome }) => [step, outcome])).toEqual([
    ['one', 'done'],
    ['slow', 'done'],
    ['three', 'done'],
  ]);
});

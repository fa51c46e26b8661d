import { DelayedError } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openQueue, openWorker } from '../../../src/controller/queues.ts';
import { silentLog } from '../../../src/core/log.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const HOUR_MS = 3_600_000;
const leases = { lockMs: 600, stalledMs: 100 };

test('a job that is woken before its last call has ended is held by the new call: its lock is renewed, and a stop reaches it', async () => {
  const door = await redis.door();
  const queue = openQueue<object>(door, 'jobs', silentLog);
  const again = Promise.withResolvers<AbortSignal>();
  let calls = 0;
  const worker = openWorker<object>(
    door,
    'jobs',
    async (job, token, signal) => {
      calls += 1;
      if (calls === 1) {
        await job.moveToDelayed(Date.now() + HOUR_MS, token);
        await job.promote();
        // What BullMQ does at the end of this call comes when the next one has begun.
        await again.promise;
        throw new DelayedError();
      }
      again.resolve(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    { log: silentLog, leases, concurrency: 2 },
  );
  await queue.add('job', {}, { jobId: 'a' });
  const signal = await again.promise;
  // Three lives of a lock, and thirty looks for stalled jobs.
  await new Promise((resolve) => setTimeout(resolve, 3 * leases.lockMs));
  expect([calls, signal.aborted, await (await queue.getJob('a'))?.getState()]).toEqual([2, false, 'active']);
  worker.cancelAll('stop');
  await worker.close();
  expect(signal.aborted).toBe(true);
  await queue.close();
});

test('a job whose lock another controller has is let go', async () => {
  const door = await redis.door();
  const queue = openQueue<object>(door, 'jobs', silentLog);
  const begun = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<unknown>();
  const worker = openWorker<object>(
    door,
    'jobs',
    async (_, __, signal) => {
      signal.addEventListener('abort', () => lost.resolve(signal.reason), { once: true });
      begun.resolve();
      await lost.promise;
    },
    { log: silentLog, leases: { lockMs: 600, stalledMs: HOUR_MS }, concurrency: 1 },
  );
  await queue.add('job', {}, { jobId: 'a' });
  await begun.promise;
  await door.quick.set(`${door.prefix}:jobs:a:lock`, 'another');
  expect(await lost.promise).toBe('lost to another controller');
  await worker.close();
  await queue.close();
});

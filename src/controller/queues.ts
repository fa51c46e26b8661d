import { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';
import type { Log } from '../core/log.ts';
import { holdJobs } from './held-jobs.ts';
import type { RedisDoor } from './redis.ts';

/** How long a dead controller's jobs stay its own, and how often is looked for such. Milliseconds. */
export interface Leases {
  readonly lockMs: number;
  readonly stalledMs: number;
}

/** A dead controller is replaced within 20 s: its lock runs out, and the next look finds that. */
export const DEFAULT_LEASES: Leases = { lockMs: 15_000, stalledMs: 5000 };

/** A crash must resume and never fail a job, however often it happens. */
const FOR_EVER = 1_000_000;

/** Job options under which BullMQ itself never gives up: only our own verdict ends a job. Backs off by 2 s when Redis had a hiccup. */
export const NEVER_GIVE_UP = { attempts: FOR_EVER, backoff: { type: 'fixed', delay: 2000 } } as const;

/** A queue on the connection that fails fast. `name` must hold no colon. */
export function openQueue<D>(door: RedisDoor, name: string, log: Log): Queue<D, void, string> {
  const queue = new Queue<D, void, string>(name, { connection: door.quick, prefix: door.prefix });
  queue.on('error', (error) => log.warn({ queue: name, reason: error.message }, 'queue error'));
  return queue;
}

/** Works on the jobs of a queue. */
export interface QueueWorker {
  /** Takes no more jobs, and ends when those that go on have ended. */
  close(): Promise<void>;
  /** Aborts the signals of all jobs that go on. */
  cancelAll(reason: string): void;
}

/** A worker on the connection that waits for Redis. The signal is aborted when the job is lost to another controller. */
export function openWorker<D>(
  door: RedisDoor,
  name: string,
  processor: (job: Job<D, void, string>, token: string, signal: AbortSignal) => Promise<void>,
  options: { log: Log; leases: Leases; concurrency: number } & Pick<
    WorkerOptions,
    'limiter' | 'settings' | 'drainDelay'
  >,
): QueueWorker {
  const { log, leases, ...more } = options;
  const held = holdJobs<D>({ lockMs: leases.lockMs, log });
  const call = (job: Job<D, void, string>, token = '') =>
    held.hold(job, token, (signal) => processor(job, token, signal));
  const worker = new Worker<D, void, string>(name, call, {
    ...more,
    connection: door.patient,
    prefix: door.prefix,
    lockDuration: leases.lockMs,
    skipLockRenewal: true,
    stalledInterval: leases.stalledMs,
    maxStalledCount: FOR_EVER,
  });
  worker.on('error', (error) => log.warn({ queue: name, reason: error.message }, 'worker error'));
  worker.on('stalled', (id) => log.warn({ queue: name, job: id }, 'taken over from a controller that died'));
  return {
    close: () => worker.close().finally(held.close),
    cancelAll: held.cancelAll,
  };
}

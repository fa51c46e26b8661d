import type { Queue } from 'bullmq';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Notice } from '../core/notifier.ts';
import { deliver, type NoticeData } from './deliver.ts';
import type { Recipient } from './outbox.ts';
import { type Leases, openQueue, openWorker, type QueueWorker } from './queues.ts';
import type { RedisDoor } from './redis.ts';

const DAY_MS = 86_400_000;
/** Sent at a time over one notifier: one slow recipient must not hold up the others. */
const AT_A_TIME = 5;
const BACKOFF = { baseMs: 2000, capMs: 15 * 60_000, floorMs: 500 };

/** Sends notices, one queue a notifier, so that one which is down delays no other. */
export interface Notices {
  /** Puts a notice on its way; the same `notice.id` again does nothing. */
  add(recipient: Recipient, notice: Notice): Promise<void>;
  close(): Promise<void>;
}

/** What sending notices needs; `backoff` is for tests. */
export interface NoticesDeps {
  readonly door: RedisDoor;
  readonly recipients: ReadonlyMap<string, Recipient>;
  readonly keepDays: number;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  readonly backoff?: { readonly baseMs: number; readonly capMs: number; readonly floorMs?: number };
}

/** Opens a queue and a worker for every notifier that somebody is told by. */
export function startNotices(deps: NoticesDeps): Notices {
  const lines = new Map<string, { queue: Queue<NoticeData, void, string>; worker: QueueWorker }>();
  const stop = new AbortController();
  for (const { notifier } of deps.recipients.values()) {
    if (lines.has(notifier.name)) continue;
    const name = `notices-${notifier.name}`;
    const worker = openWorker<NoticeData>(deps.door, name, (job) => deliver(deps, job, stop.signal), {
      log: deps.log,
      leases: deps.leases,
      concurrency: AT_A_TIME,
      limiter: { max: notifier.limits.perMinute, duration: 60_000 },
      settings: { backoffStrategy: (attempts) => backoffMs(attempts - 1, deps.backoff ?? BACKOFF) },
    });
    lines.set(notifier.name, { queue: openQueue<NoticeData>(deps.door, name, deps.log), worker });
  }
  const keep = { age: Math.round((deps.keepDays * DAY_MS) / 1000) };
  return {
    async add(recipient, notice) {
      await lines.get(recipient.notifier.name)?.queue.add(
        'notice',
        { notice, recipient: recipient.key },
        // Tried until the notice is a day old, see `deliver`.
        {
          jobId: notice.id,
          attempts: 1_000_000,
          backoff: { type: 'custom' },
          removeOnComplete: keep,
          removeOnFail: keep,
        },
      );
    },
    async close() {
      // No line takes a notice any more before those that go on are told to stop: else one would take up its own again.
      const closing = [...lines.values()].map(({ worker }) => worker.close());
      stop.abort();
      await Promise.all(closing);
      await Promise.all([...lines.values()].map(({ queue }) => queue.close()));
      await Promise.all(
        [...new Set([...deps.recipients.values()].map(({ notifier }) => notifier))].map((notifier) =>
          notifier.close?.(),
        ),
      );
    },
  };
}

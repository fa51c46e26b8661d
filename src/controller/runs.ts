import type { Job, Queue } from 'bullmq';
import type { Log } from '../core/log.ts';
import { NEVER_GIVE_UP, openQueue } from './queues.ts';
import type { RedisDoor } from './redis.ts';
import { type RunData, withoutSecrets } from './run-data.ts';

/** The BullMQ job of a run. */
export type RunJob = Job<RunData, void, string>;

/** Name of the BullMQ queue that holds the runs. */
export const RUNS_QUEUE = 'runs';

const DAY_S = 86_400;
/** Longer than any run may last. */
const WAKE_KEEP_S = 4 * DAY_S;

/** The runs: one BullMQ job each, whose id is the run id. */
export interface Runs {
  readonly queue: Queue<RunData, void, string>;
  /** Adds a run; the same id again does nothing while the job is kept. */
  add(id: string, data: RunData): Promise<void>;
  get(id: string): Promise<RunJob | undefined>;
  /** Ids of all runs whose id begins with `prefix`, sorted; some may have been removed with age. */
  idsWith(prefix: string): Promise<string[]>;
  /** Something happened for this run: look at it now instead of at the end of its wait. Never lost, even when the run is just about to wait. */
  wake(id: string): Promise<void>;
  /** How often a run was woken: compare before and after going to sleep. */
  wakes(id: string): Promise<number>;
  close(): Promise<void>;
}

/** Opens the queue `runs`; ended runs are kept for `keepDays`. */
export function openRuns(door: RedisDoor, options: { keepDays: number; log: Log }): Runs {
  const queue = openQueue<RunData>(door, RUNS_QUEUE, options.log);
  const keep = { age: Math.round(options.keepDays * DAY_S) };
  const index = door.key('runs');
  const wakeKey = (id: string) => door.key('wakes', id);
  return {
    queue,
    async add(id, data) {
      await door.quick.zadd(index, 0, id);
      await queue.add('run', withoutSecrets(data), {
        jobId: id,
        removeOnComplete: keep,
        removeOnFail: keep,
        ...NEVER_GIVE_UP,
      });
    },
    get: (id) => queue.getJob(id),
    idsWith: (prefix) => door.quick.zrange(index, `[${prefix}`, `[${prefix}\xff`, 'BYLEX'),
    async wake(id) {
      await door.quick.multi().incr(wakeKey(id)).expire(wakeKey(id), WAKE_KEEP_S).exec();
      await promote(await queue.getJob(id));
    },
    wakes: async (id) => Number((await door.quick.get(wakeKey(id))) ?? 0),
    close: () => queue.close(),
  };
}

/** Makes a waiting run go on now. A run that does not wait needs nothing. */
export async function promote(job: RunJob | undefined): Promise<void> {
  if (job === undefined || !(await job.isDelayed())) return;
  // It may have begun by itself between the two calls.
  await job.promote().catch(async (error: unknown) => {
    if (await job.isDelayed()) throw error;
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, type Queue, WaitingError } from 'bullmq';
import type { Log } from '../core/log.ts';
import { type Leases, NEVER_GIVE_UP, openQueue, openWorker, type QueueWorker } from './queues.ts';
import type { RedisDoor } from './redis.ts';

/** How often the holder of a slot looks whether its run still wants it, when nobody tells. */
const LOOK_MS = 1000;

interface SlotData {
  readonly runId: string;
}

/** Lets no master have more than its number of catalogs at a time, over all controllers, first come first served. */
export interface Governor {
  /** Asks for a slot, once per id however often it is called. `before`: those that come first. */
  ask(master: string, id: string, runId: string): Promise<{ granted: boolean; before: number }>;
  /** The run wants this slot no more; call it after that has been saved. A hint: without it the holder finds out by itself. */
  free(slot: { master: string; id: string }): void;
  /** Slots in use and runs waiting for one. */
  usage(master: string): Promise<{ active: number; waiting: number }>;
  close(): Promise<void>;
}

/** What a governor needs; `perMaster` is the number of slots of each master. */
export interface GovernorDeps {
  readonly door: RedisDoor;
  readonly perMaster: number;
  readonly leases: Leases;
  /** Does the run, as saved, still hold or ask for this slot? The truth about slots is in the runs, so none can leak. */
  wants(runId: string, slotId: string): Promise<boolean>;
  /** Called when a slot is granted. */
  wake(runId: string): Promise<void>;
  readonly log: Log;
}

interface Line {
  readonly queue: Queue<SlotData, void, string>;
  readonly worker: QueueWorker;
}

/**
 * One BullMQ queue a master, with global concurrency: a slot is held by the job that is active. The job of a controller
 * that died stalls, goes to the front of the line and is granted again by another one.
 */
export function createGovernor(deps: GovernorDeps): Governor {
  const lines = new Map<string, Promise<Line>>();
  const nudges = new Map<string, () => void>();
  const closing = new AbortController();
  const news = freedNews(deps, (id) => nudges.get(id)?.());
  const line = (master: string) => {
    const open =
      lines.get(master) ??
      openLine(deps, master, (job, token) => hold(deps, job, token, nudges, closing.signal));
    lines.set(master, open);
    // A failure to open is not remembered.
    open.catch(() => lines.delete(master));
    return open;
  };
  return {
    async ask(master, id, runId) {
      const { queue } = await line(master);
      const job = await queue.add(
        'slot',
        { runId },
        { jobId: id, removeOnComplete: true, removeOnFail: true, ...NEVER_GIVE_UP },
      );
      if ((await job.getState()) === 'active') return { granted: true, before: 0 };
      const waiting = await queue.getRanges(['wait'], 0, -1, true);
      return { granted: false, before: Math.max(0, waiting.indexOf(id)) };
    },
    free: ({ id }) => news.tell(id),
    async usage(master) {
      const { queue } = await line(master);
      const { active = 0, waiting = 0 } = await queue.getJobCounts('active', 'waiting');
      return { active, waiting };
    },
    async close() {
      closing.abort();
      const open = await Promise.allSettled(lines.values());
      await Promise.all(
        open.map((result) => (result.status === 'fulfilled' ? closeLine(result.value) : undefined)),
      );
      news.close();
    },
  };
}

/** Tells all controllers that a slot is wanted no more, since any of them may hold it. A lost word costs a second. */
function freedNews(
  { door, log }: GovernorDeps,
  heard: (id: string) => void,
): { tell(id: string): void; close(): void } {
  const channel = door.key('freed');
  const ears = door.patient.duplicate();
  const complain = (error: Error) => log.debug({ reason: error.message }, 'freed slots are not heard of');
  ears.on('error', complain);
  ears.on('message', (_, id) => heard(id));
  ears.subscribe(channel).catch(complain);
  return {
    tell(id) {
      heard(id);
      door.quick.publish(channel, id).catch(complain);
    },
    close: () => ears.disconnect(),
  };
}

async function openLine(
  deps: GovernorDeps,
  master: string,
  processor: (job: Job<SlotData, void, string>, token: string) => Promise<void>,
) {
  const name = `slots-${master}`;
  const queue = openQueue<SlotData>(deps.door, name, deps.log);
  await queue.setGlobalConcurrency(deps.perMaster);
  const { log, leases, perMaster: concurrency } = deps;
  return {
    queue,
    worker: openWorker<SlotData>(deps.door, name, processor, { log, leases, concurrency, drainDelay: 1 }),
  };
}

async function closeLine({ queue, worker }: Line): Promise<void> {
  await worker.close();
  await queue.close();
}

/** Holds a slot for as long as its run wants it. */
async function hold(
  deps: GovernorDeps,
  job: Job<SlotData, void, string>,
  token: string,
  nudges: Map<string, () => void>,
  closing: AbortSignal,
): Promise<void> {
  const id = job.id ?? '';
  let wakeUp = new AbortController();
  nudges.set(id, () => wakeUp.abort());
  try {
    if (await deps.wants(job.data.runId, id)) await deps.wake(job.data.runId);
    for (;;) {
      const nudged = wakeUp.signal;
      if (!(await stillWanted(deps, job.data.runId, id))) return;
      if (closing.aborted) break;
      await sleep(LOOK_MS, undefined, { signal: AbortSignal.any([closing, nudged]) }).catch(() => undefined);
      if (nudged.aborted) wakeUp = new AbortController();
    }
  } finally {
    nudges.delete(id);
  }
  await job.moveToWait(token);
  throw new WaitingError();
}

/** When it cannot be known the slot is kept: one too few is better than one too many. */
async function stillWanted(deps: GovernorDeps, runId: string, id: string): Promise<boolean> {
  return deps.wants(runId, id).catch((error: unknown) => {
    deps.log.warn({ run: runId, reason: String(error) }, 'cannot tell whether a slot is still wanted');
    return true;
  });
}

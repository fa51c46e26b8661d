import type { Job } from 'bullmq';
import type { Log } from '../core/log.ts';

/** A lock is renewed so often in its life. */
const RENEWALS = 3;

/** The jobs that are worked on by one worker. */
export interface HeldJobs<D> {
  /** Works on a job under its lock. The signal is aborted when the lock is lost, and by `cancelAll`. */
  hold(job: Job<D, void, string>, token: string, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
  cancelAll(reason: string): void;
  close(): void;
}

/**
 * Renews the locks of jobs for as long as they are worked on, each call for itself. BullMQ's own renewal goes by job id:
 * a job that is woken just as it goes to sleep is taken again before the call that put it to sleep has ended, and the
 * end of that call would strike the new one off the list. Its lock would run out under it, and no stop would reach it.
 */
export function holdJobs<D>(own: { readonly lockMs: number; readonly log: Log }): HeldJobs<D> {
  const held = new Set<{ renew(): Promise<number>; readonly id: string; readonly stop: AbortController }>();
  const renewAll = () => {
    for (const { renew, id, stop } of held) {
      renew().then(
        (renewed) => {
          if (renewed !== 1) stop.abort('lost to another controller');
        },
        // Redis may be back before the lock has run out; if not, writing under it says so.
        (error: unknown) => own.log.warn({ job: id, reason: String(error) }, 'lock not renewed'),
      );
    }
  };
  const timer = setInterval(renewAll, own.lockMs / RENEWALS);
  return {
    async hold(job, token, work) {
      const stop = new AbortController();
      const one = { renew: () => job.extendLock(token, own.lockMs), id: job.id ?? '', stop };
      held.add(one);
      await work(stop.signal).finally(() => held.delete(one));
    },
    cancelAll(reason) {
      for (const { stop } of held) stop.abort(reason);
    },
    close: () => clearInterval(timer),
  };
}

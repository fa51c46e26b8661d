import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Leases, openWorker } from './queues.ts';
import type { RedisDoor } from './redis.ts';
import { type RunData, withoutSecrets } from './run-data.ts';
import { promote, RUNS_QUEUE, type RunJob, type Runs } from './runs.ts';
import { walk } from './walk.ts';
import type { WalkDeps, WalkEnd, WalkingRun } from './walking.ts';

/** Writes a run's data only while its lock is ours: a controller that was paused and has lost the run cannot overwrite it. */
const SAVE_IF_MINE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'data', ARGV[2])
return 1`;

/** What walking the jobs of the queue needs. */
export interface RunWorkerDeps {
  readonly door: RedisDoor;
  readonly runs: Runs;
  readonly walk: WalkDeps;
  /** Called when a run is over, before its job ends; called again when that was cut off. */
  settle(runId: string, data: RunData): Promise<void>;
  readonly concurrency: number;
  readonly leases: Leases;
  readonly log: Log;
}

/** Walks runs. */
export interface RunWorker {
  /** Begins no further step; steps that still go on after `graceMs` are handed back. */
  close(graceMs: number): Promise<void>;
}

/** The BullMQ edge: turns each active job of the queue `runs` into a walk, and the walk's end into the job's next state. */
export function startRunWorker(deps: RunWorkerDeps): RunWorker {
  let stopping = false;
  const worker = openWorker<RunData>(
    deps.door,
    RUNS_QUEUE,
    (job, token, signal) => work(deps, job, token, signal, () => stopping),
    deps,
  );
  return {
    async close(graceMs) {
      stopping = true;
      const timer = setTimeout(() => worker.cancelAll('the controller stops'), graceMs);
      await worker.close().finally(() => clearTimeout(timer));
    },
  };
}

async function work(
  deps: RunWorkerDeps,
  job: RunJob,
  token: string,
  signal: AbortSignal,
  stopping: () => boolean,
): Promise<void> {
  const id = job.id ?? '';
  const before = await deps.runs.wakes(id);
  const run = walkingRun(deps, job, token, signal, stopping);
  const end = await walk(run, deps.walk);
  if (end.next === 'over') {
    await deps.settle(id, run.data);
    if (run.data.outcome === 'failed')
      throw new UnrecoverableError(`${run.data.error?.code}: ${run.data.error?.message}`);
    return;
  }
  await rest(deps, job, token, end, before);
}

async function rest(
  deps: RunWorkerDeps,
  job: RunJob,
  token: string,
  end: Exclude<WalkEnd, { next: 'over' }>,
  wakesBefore: number,
) {
  if (end.next === 'handBack') {
    await job.moveToWait(token);
    throw new WaitingError();
  }
  await job.moveToDelayed(Date.now() + end.ms, token);
  // What happened since the run was last looked at found it awake: it must not sleep over it.
  if ((await deps.runs.wakes(job.id ?? '')) !== wakesBefore) await promote(job);
  throw new DelayedError();
}

function walkingRun(
  deps: RunWorkerDeps,
  job: RunJob,
  token: string,
  signal: AbortSignal,
  stopping: () => boolean,
): WalkingRun {
  const id = job.id ?? '';
  const lost = new AbortController();
  let data = job.data;
  return {
    id,
    get data() {
      return data;
    },
    async save(wished) {
      const next = withoutSecrets(wished);
      const key = `${deps.door.prefix}:${RUNS_QUEUE}:${id}`;
      const saved = await deps.door.patient.eval(
        SAVE_IF_MINE,
        2,
        `${key}:lock`,
        key,
        token,
        JSON.stringify(next),
      );
      if (saved !== 1) {
        lost.abort();
        throw new MusterError('CONFLICT', `run ${id} is walked by another controller`);
      }
      data = next;
    },
    signal: AbortSignal.any([signal, lost.signal]),
    stopping,
  };
}

import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import { MusterError } from '../core/errors.ts';
import { amongKnown } from '../core/nearest.ts';
import type { RunRecord } from '../core/record.ts';
import { recordOf } from './records.ts';
import type { RedisDoor } from './redis.ts';
import { type RunData, withoutSecrets } from './run-data.ts';
import type { RunJob, Runs } from './runs.ts';
import { runRetried } from './transitions.ts';

const LOCK_S = 10;

/** What an operator does to runs. */
export interface Commands {
  /**
   * Walks a failed run on from the step that failed, or from `from`, with the plan as it is configured now. Throws
   * NOT_FOUND; CONFLICT when the run has not failed or somebody else retries it now; USAGE that names the plan's steps.
   */
  retryRun(id: string, options?: { readonly from?: string }): Promise<RunRecord>;
}

/** What the commands need: Redis, the runs, and the plans of the config. */
export interface CommandsDeps {
  readonly door: RedisDoor;
  readonly runs: Runs;
  readonly config: Pick<ControllerConfig, 'plan' | 'groups'>;
  readonly clock: Clock;
}

/** The commands on runs. */
export function createCommands(deps: CommandsDeps): Commands {
  return {
    async retryRun(id, { from } = {}) {
      const key = deps.door.key('retrying', id);
      // Two retries at once must not write over a run that the first of them has set going.
      if ((await deps.door.quick.set(key, '1', 'EX', LOCK_S, 'NX')) === null)
        throw conflict(id, 'is being retried by somebody else');
      try {
        return await retry(deps, id, from);
      } finally {
        await deps.door.quick.del(key);
      }
    },
  };
}

async function retry(
  { runs, config, clock }: CommandsDeps,
  id: string,
  from: string | undefined,
): Promise<RunRecord> {
  const job = await runs.get(id);
  if (job === undefined) throw new MusterError('NOT_FOUND', `there is no run ${id}`);
  const state = await job.getState();
  if (state !== 'failed')
    throw conflict(id, `is ${state === 'completed' ? 'provisioned' : state}; only failed runs are retried`);
  const plan = config.groups[job.data.group]?.plan ?? config.plan;
  const data = withoutSecrets(runRetried(job.data, plan, cursorOf(job.data, plan, from), clock.nowMs()));
  return begin(job, data);
}

async function begin(job: RunJob, data: RunData): Promise<RunRecord> {
  const { data: before } = job;
  await job.updateData(data);
  try {
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
  } catch (cause) {
    await job.updateData(before);
    throw new MusterError('CONFLICT', `run ${job.id} could not be set going again: ${String(cause)}`, {
      cause,
    });
  }
  return recordOf(job.id ?? '', data, 'waiting');
}

function cursorOf(data: RunData, plan: RunData['plan'], from: string | undefined): number {
  const wanted = from ?? data.error?.step ?? data.plan[data.cursor]?.step;
  const index = plan.findIndex((entry) => entry.step === wanted);
  if (index >= 0) return index;
  // The step that failed is not in the plan any more: every step looks first, so the beginning is always right.
  if (from === undefined) return 0;
  const steps = plan.map((entry) => entry.step);
  throw new MusterError('USAGE', `the plan has no step '${from}'${amongKnown(from, steps, 'its steps:')}`);
}

function conflict(id: string, what: string): MusterError {
  return new MusterError('CONFLICT', `run ${id} ${what}`);
}

import type { ErrorCode } from './errors.ts';

/** One step of one run, as people see it. Times in ms. */
export interface StepRecord {
  readonly step: string;
  readonly outcome: 'done' | 'skipped' | 'waiting' | 'failed';
  readonly detail: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Of that, what Puppet itself took. */
  readonly puppetMs: number;
  readonly attempts: number;
}

/** How a run failed, or what stands in its way now. */
export interface RunError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step: string | null;
  /** Last lines of output, for a person. */
  readonly lastLines: readonly string[];
}

/** BullMQ's state of the run, with `completed` told as `provisioned`. */
export type RunState = 'waiting' | 'active' | 'delayed' | 'provisioned' | 'failed';

/** What CLI, dashboard and notices see of one run: a projection of its BullMQ job, stored nowhere else. */
export interface RunRecord {
  readonly id: string;
  readonly instanceId: string;
  readonly identity: string;
  readonly group: string;
  readonly region: string | null;
  readonly state: RunState;
  /** The step running, waiting or failed; null when all are done. */
  readonly step: string | null;
  readonly steps: readonly StepRecord[];
  readonly master: string | null;
  readonly masterReason: string | null;
  readonly retries: number;
  readonly helloAtMs: number;
  readonly endedAtMs: number | null;
  readonly error: RunError | null;
}

/** Milliseconds from hello to the end that were not Puppet's: what Muster adds. null while the run goes on. */
export function addedMs(run: RunRecord): number | null {
  if (run.endedAtMs === null) return null;
  return run.endedAtMs - run.helloAtMs - run.steps.reduce((sum, step) => sum + step.puppetMs, 0);
}

import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { PlanEntry } from '../core/config/plan.ts';
import type { MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Step, StepContext } from '../core/step.ts';
import type { RunData } from './run-data.ts';
import { runEnded } from './transitions.ts';

/** One run in the hands of this controller. */
export interface WalkingRun {
  readonly id: string;
  readonly data: RunData;
  /** Stores the data and makes them the current ones; throws CONFLICT when another controller has the run, and aborts `signal`. */
  save(data: RunData): Promise<void>;
  /** Aborted when the run must be let go at once. */
  readonly signal: AbortSignal;
  /** True when no further step should be begun here. */
  stopping(): boolean;
}

/** What a walk needs of the world. */
export interface WalkDeps {
  readonly steps: ReadonlyMap<string, Step>;
  /** The plan of a group as it is configured now: only there are the secrets in the options of its steps. */
  planOf(group: string): readonly PlanEntry[];
  readonly settings: {
    readonly attempts: number;
    readonly backoffS: number;
    readonly deadlineS: number;
    readonly maxMoves: number;
  };
  /** Keys of those who are told of the end. */
  readonly recipients: readonly string[];
  /** Discovers and picks. Throws NO_MASTER, BROKER_UNREACHABLE. */
  chooseMaster(run: WalkingRun): Promise<{ readonly identity: string; readonly reason: string }>;
  /** Has the node come onto the bus with its certificate? */
  nodeJoined(run: WalkingRun): Promise<boolean>;
  masterLives(identity: string): Promise<boolean>;
  stepContext(run: WalkingRun, signal: AbortSignal): Promise<StepContext>;
  /** Takes every collective but the newest from the node's login. */
  narrowGrants(run: WalkingRun): Promise<readonly string[]>;
  askSlot(run: WalkingRun): Promise<{ readonly granted: boolean; readonly before: number }>;
  freeSlot(slot: NonNullable<RunData['slot']>): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Why the walk stopped: look again in `ms`; the run is over; or another controller should go on. */
export type WalkEnd =
  | { readonly next: 'delay'; readonly ms: number }
  | { readonly next: 'over' }
  | { readonly next: 'handBack' };

/** Writes the end of a run and the intent to tell it, in one go. */
export async function finish(run: WalkingRun, deps: WalkDeps, error: MusterError | null): Promise<WalkEnd> {
  const { slot } = run.data;
  await run.save(runEnded(run.data, error, deps.recipients, deps.clock.nowMs()));
  if (slot !== null) deps.freeSlot(slot);
  return { next: 'over' };
}

/** The wait before the next try: full jitter, growing with the failed ones. */
export function backoff(run: WalkingRun, deps: WalkDeps, capMs: number): number {
  const attempt = Math.max(0, run.data.tries - 1);
  return backoffMs(attempt, { baseMs: deps.settings.backoffS * 1000, capMs, floorMs: 50 }, deps.random);
}

/** Look again in `ms`, but not after the deadline. */
export function delay(run: WalkingRun, deps: WalkDeps, ms: number): WalkEnd {
  return { next: 'delay', ms: Math.max(0, Math.min(ms, msLeft(run, deps))) };
}

/** Milliseconds until the run's deadline. */
export function msLeft(run: WalkingRun, deps: WalkDeps): number {
  return run.data.startedAtMs + deps.settings.deadlineS * 1000 - deps.clock.nowMs();
}

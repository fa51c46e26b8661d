import type { PlanEntry } from '../core/config/plan.ts';
import type { Facts } from '../core/inventory.ts';
import type { RunError, StepRecord } from '../core/record.ts';
import { redact } from '../core/redact.ts';
import { storedPlan } from './plan-options.ts';

/** Who has to be told of the end of a run; written in one go with that end. `recipients` are their keys, never URLs. */
interface NoticeIntent {
  readonly sentAtMs: number;
  readonly recipients: readonly string[];
}

/** Everything that is known of one run: the data of its BullMQ job. Holds no secret. */
export interface RunData {
  readonly v: 1;
  readonly instanceId: string;
  /** Name on the bus and in both certificates. */
  readonly identity: string;
  readonly group: string;
  readonly claim: string;
  readonly region: string | null;
  readonly facts: Facts;
  readonly puppetSpkiSha256: string;
  readonly helloAtMs: number;
  /** Since when the deadline counts: the hello, or the last retry. */
  readonly startedAtMs: number;
  /** As configured when the run began or was retried, so that a changed config never moves the cursor. */
  readonly plan: readonly PlanEntry[];
  /** Index in the plan of the step that is next or going on. */
  readonly cursor: number;
  /** The timeline, oldest first. When `open`, the last one is the record of the step at the cursor. */
  readonly steps: readonly StepRecord[];
  readonly open: boolean;
  /** Failed tries of the step at the cursor, or of the choice of a master. */
  readonly tries: number;
  /** The node has come onto the bus with its certificate. */
  readonly joined: boolean;
  readonly master: string | null;
  readonly masterReason: string | null;
  /** Masters that were left, in order. */
  readonly left: readonly string[];
  /** The master's slot that is asked for or held. */
  readonly slot: { readonly master: string; readonly id: string } | null;
  /** Collectives that the node's login may use now, oldest first. */
  readonly collectives: readonly string[];
  readonly retries: number;
  readonly outcome: 'provisioned' | 'failed' | null;
  readonly endedAtMs: number | null;
  readonly error: RunError | null;
  readonly notices: NoticeIntent | null;
}

/** What is known of a node when its run begins. */
export type NewRun = Pick<
  RunData,
  | 'instanceId'
  | 'identity'
  | 'group'
  | 'claim'
  | 'region'
  | 'facts'
  | 'puppetSpkiSha256'
  | 'plan'
  | 'collectives'
>;

/**
 * Data as they may be stored: facts, details and last lines come from nodes, and may hold what is secret. So may the
 * options of steps: those stand in the config alone, and are found there when the step is taken. Pure.
 */
export function withoutSecrets(data: RunData): RunData {
  return { ...(redact(data) as RunData), plan: storedPlan(data.plan) };
}

/** A run at its beginning. Pure. */
export function newRun(of: NewRun, nowMs: number): RunData {
  return {
    v: 1,
    ...of,
    helloAtMs: nowMs,
    startedAtMs: nowMs,
    cursor: 0,
    steps: [],
    open: false,
    tries: 0,
    joined: false,
    master: null,
    masterReason: null,
    left: [],
    slot: null,
    retries: 0,
    outcome: null,
    endedAtMs: null,
    error: null,
    notices: null,
  };
}

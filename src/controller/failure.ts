import type { ErrorCode, MusterError } from '../core/errors.ts';

/** What stands still because a server of ours does: no attempt is spent while it lasts. */
const OURS: ReadonlySet<ErrorCode> = new Set(['BROKER_UNREACHABLE', 'REDIS_UNREACHABLE']);

/** Failures that a dead master explains as well. */
const MAY_BE_THE_MASTER: ReadonlySet<ErrorCode> = new Set([
  'MASTER_UNREACHABLE',
  'PUPPET_FAILED',
  'PUPPET_TIMEOUT',
  'CA_REFUSED',
  'CSR_NOT_FOUND',
  'STEP_TIMEOUT',
  'RPC_ABORTED',
  'RPC_FAILED',
]);

/** What the verdict on a failure depends on. */
export interface FailureFacts {
  /** Tries of this step that failed before this one. */
  readonly tries: number;
  /** Tries that a step has. */
  readonly attempts: number;
  /** Moves to another master that are left. */
  readonly movesLeft: number;
  /** Asked only when it matters. */
  masterLives(): Promise<boolean>;
}

/** `again`: no attempt spent; `retry`: one spent; `move`: with another master; `end`: the run has failed. */
export type FailureVerdict = 'again' | 'retry' | 'move' | 'end';

/**
 * What follows on the failure of a step. A dead master is left at once when the failure may be its doing; a master that
 * lives but cannot be reached from the node is left when the attempts are spent.
 */
export async function verdictOf(error: MusterError, facts: FailureFacts): Promise<FailureVerdict> {
  if (OURS.has(error.code)) return 'again';
  const spent = !error.retryable || facts.tries + 1 >= facts.attempts;
  const unreachable = error.code === 'MASTER_UNREACHABLE';
  if (facts.movesLeft > 0 && MAY_BE_THE_MASTER.has(error.code) && (spent || unreachable)) {
    if ((spent && unreachable) || !(await facts.masterLives())) return 'move';
  }
  return spent ? 'end' : 'retry';
}

import type { Authorize, CallAttempt } from '../../src/bus/dispatch.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Ddl } from '../../src/core/ddl.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import { hideValue, redactInput, redactText } from '../../src/core/redact.ts';
import type { NodeDecision, Policies } from '../policies.ts';
import type { AuditFile } from './file.ts';

const MAX_REASON_CHARS = 900;

/** What stands before every action. */
export interface GateOptions {
  readonly policies: Policies;
  readonly audit: Pick<AuditFile, 'append'>;
  /** The contract of an agent that is served; it says which inputs are secret. */
  readonly ddlOf: (agent: string) => Ddl | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Decides by the policies, and has the decision on the disk before the action runs. Throws RPC_DENIED that names file and
 * line, AUDIT_FAILED when the decision cannot be written.
 */
export function createGate({ policies, audit, ddlOf, clock, log }: GateOptions): Authorize {
  return async (attempt: CallAttempt) => {
    const { sender, agent, action, caller, facts, classes, collective, requestId } = attempt;
    const decision = await policies.decide(agent, { caller, role: sender.role, action, facts, classes });
    const called = { request_id: requestId, caller, collective, agent, action };
    const startedMs = clock.monotonicMs();
    await audit.append({
      kind: 'decision',
      ...called,
      request_time: Math.floor(attempt.requestedAtMs / 1000),
      sender: sender.name,
      role: sender.role,
      data: safeData(attempt, ddlOf(agent)),
      verdict: decision.verdict,
      policy: placeOf(decision),
      reason: redactText(decision.reason).slice(0, MAX_REASON_CHARS),
    });
    if (decision.verdict === 'deny')
      throw new MusterError(
        'RPC_DENIED',
        `${caller} (${sender.role}) may not call ${agent}#${action}: ${placeOf(decision)}`,
      );
    return ({ status, code = null }) => {
      const took_ms = Math.round(clock.monotonicMs() - startedMs);
      audit.append({ kind: 'outcome', ...called, status, code, took_ms }).catch((cause: unknown) => {
        log.error({ request: requestId, err: asMusterError(cause).message }, 'outcome not in the audit');
      });
    };
  };
}

function placeOf({ file, line }: NodeDecision): string {
  return line === null ? file : `${file}:${line}`;
}

/** Without a contract nothing is known of the data: only their hash is kept. */
function safeData({ action, data }: CallAttempt, ddl: Ddl | undefined): Record<string, unknown> {
  const declared = ddl !== undefined && Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  return declared === undefined ? { unknown: hideValue('data', data) } : redactInput(declared.input, data);
}

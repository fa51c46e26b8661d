import { randomBytes } from 'node:crypto';
import type { AuditEntry } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Role } from '../core/names.ts';
import { redactFields, redactText } from '../core/redact.ts';
import type { Revocation } from '../trust/ca-book.ts';

import type { AuditStore } from './audit.ts';

const MAX_REASON_CHARS = 900;

/** One thing that a controller decides, or that an operator does by a command. */
export interface Operation {
  /** What it belongs to and what is done, e.g. `quarantine` and `approve`. */
  readonly agent: string;
  readonly action: string;
  /** Whom it is about: a node, a caller, a run. */
  readonly subject: string;
  /** Without secrets; what is one by its type is hidden all the same. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** `allow` by default: it is done. */
  readonly verdict?: 'allow' | 'deny';
  readonly reason?: string;
  /** How many alike the line is about, 1 by default. */
  readonly count?: number;
}

/** The audit of one controller or operator. */
export interface Operations {
  /** Fulfilled when the line is in the store: to be waited for before the thing is done. Throws AUDIT_FAILED: then it must not be done. */
  note(operation: Operation): Promise<void>;
  /** Notes it, does it, and notes how it ended. Throws AUDIT_FAILED before anything is done, and what `act` throws. */
  carry<T>(operation: Operation, act: () => Promise<T>): Promise<T>;
}

/** Opens the audit of the holder of a certificate. */
export function createOperations(own: {
  readonly store: Pick<AuditStore, 'append'>;
  readonly name: string;
  readonly role: Role;
  readonly clock: Clock;
}): Operations {
  const { store, name, role, clock } = own;
  const caller = `cert=${name}`;
  const begin = async (operation: Operation): Promise<string> => {
    const { agent, action, subject, data = {}, verdict = 'allow', reason = '', count = 1 } = operation;
    const request_id = randomBytes(16).toString('hex');
    const request_time = Math.floor(clock.nowMs() / 1000);
    const entry: AuditEntry = {
      kind: 'operation',
      ...{ request_id, request_time, caller, sender: name, role, agent, action, verdict, count },
      subject: printable(subject).slice(0, 300),
      data: redactFields(data),
      reason: printable(redactText(reason)).slice(0, MAX_REASON_CHARS),
    };
    await store.append(name, entry).catch((cause: unknown) => {
      const why = `${agent}#${action} of ${subject}: ${asMusterError(cause).message}`;
      throw new MusterError('AUDIT_FAILED', `${why}; nothing was done`, { cause });
    });
    return request_id;
  };
  return {
    note: async (operation) => void (await begin(operation)),
    async carry(operation, act) {
      const request_id = await begin(operation);
      const startedMs = clock.monotonicMs();
      const { agent, action } = operation;
      const end = (code: string | null) =>
        // What was done is done: the line before says so, and this one only how it ended.
        store
          .append(name, {
            kind: 'outcome',
            ...{ request_id, caller, agent, action, code },
            status: code === null ? 0 : 1,
            took_ms: Math.round(clock.monotonicMs() - startedMs),
          })
          .catch(() => undefined);
      try {
        const result = await act();
        await end(null);
        return result;
      } catch (thrown) {
        await end(asMusterError(thrown).code);
        throw thrown;
      }
    },
  };
}

/** Control characters have no place in a line that people read. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

/** Notes a decision that was found in the book of this host: a command made it without Redis, or while it was away. */
export async function noteRevocation(
  operations: Pick<Operations, 'note'>,
  { name, barred, reason }: Pick<Revocation, 'name' | 'barred' | 'reason'>,
): Promise<void> {
  const action = barred ? 'revoke' : 'reinstate';
  await operations.note({ agent: 'ca', action, subject: name, reason, data: { found: 'in the book' } });
}

import type { Refusal } from '../../src/bus/server-types.ts';
import { asMusterError } from '../../src/core/errors.ts';
import { createFirstAndCount } from '../../src/core/first-and-count.ts';
import type { Log } from '../../src/core/log.ts';
import type { AuditFile } from './file.ts';

const WINDOW_MS = 60_000;

/** Takes note of requests that were refused before the policy. */
export interface RefusalNotes {
  readonly refused: (refusal: Refusal) => void;
  /** Writes what is held back. */
  flush(): void;
}

/**
 * Puts refusals into the audit: the first of a reason at once, the others of that minute as one line with their count, so
 * that no flood can fill the disk or push other lines out.
 */
export function createRefusalNotes(own: {
  readonly audit: Pick<AuditFile, 'append'>;
  readonly log: Log;
  readonly windowMs?: number;
}): RefusalNotes {
  // The last refusal of each reason: all that is said besides the count.
  const last = new Map<string, Refusal>();
  const notes = createFirstAndCount({
    windowMs: own.windowMs ?? WINDOW_MS,
    maxSamples: 0,
    tell({ kind, count }) {
      const refusal = last.get(kind);
      last.delete(kind);
      if (refusal === undefined) return;
      const { reason, sender, collective, aud } = refusal;
      own.audit
        .append({ kind: 'refused', verdict: 'refused', reason, count, sender, collective, aud })
        .catch((cause: unknown) => {
          own.log.error({ reason, count, err: asMusterError(cause).message }, 'refusals not in the audit');
        });
    },
  });
  return {
    refused(refusal) {
      last.set(refusal.reason, refusal);
      notes.add(refusal.reason, null);
    },
    flush: () => notes.flush(),
  };
}

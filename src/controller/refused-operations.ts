import { asMusterError } from '../core/errors.ts';
import { createFirstAndCount } from '../core/first-and-count.ts';
import type { Log } from '../core/log.ts';
import type { Operations } from './operations.ts';

const WINDOW_MS = 60_000;
const MAX_NAMES = 20;

/** Takes note of a refusal. `detail` is our own text; `subject` is who was refused, null when that is not known. */
export type NoteRefusal = (reason: string, detail: string, subject: string | null) => void;

/**
 * Puts refusals into the audit of a controller: the first of a reason at once, the others of that minute as one line with
 * their count and some of the names, so that no flood can fill the store.
 */
export function createRefusedOperations(own: {
  readonly operations: Pick<Operations, 'note'>;
  readonly agent: string;
  readonly action: string;
  readonly log: Log;
}): NoteRefusal {
  const { operations, agent, action, log } = own;
  const details = new Map<string, string>();
  const refusals = createFirstAndCount({
    windowMs: WINDOW_MS,
    maxSamples: MAX_NAMES,
    tell({ kind, count, samples }) {
      const detail = details.get(kind) ?? kind;
      const [subject = 'unknown'] = samples;
      const data = { detail: detail.slice(0, 300), ...(count === 1 ? {} : { names: samples }) };
      operations
        .note({ agent, action, subject, verdict: 'deny', reason: kind, data, count })
        .catch((thrown: unknown) => {
          log.warn({ reason: kind, count, err: asMusterError(thrown).message }, 'refusals not in the audit');
        });
    },
  });
  return (reason, detail, subject) => {
    if (details.size < 100 || details.has(reason)) details.set(reason, detail);
    refusals.add(reason, subject);
  };
}

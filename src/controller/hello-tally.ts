import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Claims } from './claims.ts';
import type { Operations } from './operations.ts';
import { createRefusedOperations } from './refused-operations.ts';

const FLUSH_MS = 1000;
/** Refusals that are answered in one second, each at the cost of a signature. The others hear nothing and ask again. */
const ANSWERED_PER_S = 50;

/** Counts what was refused: one line in the log and one write to Redis a reason and second, two in the audit a minute, however many there were. */
export interface Tally {
  /** `instance` as the hello says, null when it was not opened. */
  count(reason: string, detail: string, instance?: string | null): void;
  /** May one more refusal be answered now? */
  mayAnswer(): boolean;
}

/** Opens a tally. Counts that Redis did not take are kept for the next second. */
export function createTally(own: {
  claims: Pick<Claims, 'refused'>;
  operations: Pick<Operations, 'note'>;
  log: Log;
  clock: Clock;
}): Tally {
  const audited = createRefusedOperations({ ...own, agent: 'hello', action: 'accept' });
  const counts = new Map<string, { count: number; detail: string }>();
  let planned = false;
  let second = 0;
  let answered = 0;

  const add = (reason: string, count: number, detail: string) => {
    const before = counts.get(reason);
    counts.set(reason, { count: (before?.count ?? 0) + count, detail: before?.detail ?? detail });
    if (!planned) setTimeout(() => void flush(), FLUSH_MS).unref();
    planned = true;
  };
  const flush = async () => {
    planned = false;
    const taken = [...counts];
    counts.clear();
    for (const [reason, { count, detail }] of taken) {
      own.log.warn({ reason, count, detail }, 'hellos refused');
      await own.claims.refused(reason, count).catch((thrown: unknown) => {
        own.log.warn({ err: asMusterError(thrown).message }, 'refused hellos not counted yet');
        add(reason, count, detail);
      });
    }
  };
  return {
    count(reason, detail, instance = null) {
      add(reason, 1, detail);
      audited(reason, detail, instance);
    },
    mayAnswer() {
      const now = Math.floor(own.clock.monotonicMs() / 1000);
      answered = now === second ? answered + 1 : 1;
      second = now;
      return answered <= ANSWERED_PER_S;
    },
  };
}

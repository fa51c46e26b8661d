import type { Clock } from '../core/clock.ts';

/** How much may wait and be worked on. */
export interface LaneLimits {
  /** Items that wait; of one more, the oldest is shed. */
  readonly waiting: number;
  /** Items that are worked on at a time. */
  readonly busy: number;
}

/** Where hellos wait before they are opened. */
export interface Lane<T> {
  put(item: T): void;
}

/** While more pours in, opening gets one part of the time and taking in this many. */
const PARTS_FOR_INTAKE = 2;

/**
 * A lane for a flood: the newest first, because whoever waits for an answer has just spoken and whoever spoke long ago
 * says it again; the oldest is shed when too many wait. Opening costs an RSA decryption, so between two of them the
 * process takes in what has arrived: a backlog of junk is taken in (and shed) faster than it could be opened.
 * `work` begins with that cost before it first waits for anything; it must not reject.
 */
export function createLane<T>(own: {
  readonly work: (item: T) => Promise<void>;
  readonly shed: (item: T) => void;
  readonly limits: LaneLimits;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}): Lane<T> {
  const waiting: T[] = [];
  let busy = 0;
  let arrived = 0;
  let planned = false;

  const plan = (waitMs: number) => {
    if (planned || busy >= own.limits.busy || waiting.length === 0) return;
    planned = true;
    if (waitMs > 0) setTimeout(turn, waitMs);
    else setImmediate(turn);
  };
  const turn = () => {
    planned = false;
    const item = waiting.pop();
    if (item === undefined) return;
    const pouring = arrived > 1;
    arrived = 0;
    busy += 1;
    const startedMs = own.clock.monotonicMs();
    void own.work(item).finally(() => {
      busy -= 1;
      plan(0);
    });
    plan(pouring ? (own.clock.monotonicMs() - startedMs) * PARTS_FOR_INTAKE : 0);
  };
  return {
    put(item) {
      waiting.push(item);
      arrived += 1;
      if (waiting.length > own.limits.waiting) {
        const oldest = waiting.shift();
        if (oldest !== undefined) own.shed(oldest);
      }
      plan(0);
    },
  };
}

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

/** So many that arrive in one round of the event loop are a backlog that the broker sends as fast as it can, not senders. */
const BACKLOG = 8;
/** While a backlog pours in, so many rounds take in before the next one is opened: opening never stops for long. */
const ROUNDS_FOR_INTAKE = 4;

/**
 * A lane for a flood: the newest first, because whoever waits for an answer has just spoken and whoever spoke long ago
 * says it again; the oldest is shed when too many wait. Opening costs an RSA decryption, so between two of them the
 * process takes in what has arrived, and a backlog of junk is taken in (and shed) faster than it could be opened. A
 * flood of some thousand a second is no backlog: there every moment that is not needed to take in goes into opening,
 * because the share that is opened is the chance of an honest one to be heard at once.
 * `work` begins with that cost before it first waits for anything; it must not reject.
 */
export function createLane<T>(own: {
  readonly work: (item: T) => Promise<void>;
  readonly shed: (item: T) => void;
  readonly limits: LaneLimits;
}): Lane<T> {
  const waiting: T[] = [];
  let busy = 0;
  let arrived = 0;
  let rounds = 0;
  let planned = false;

  // Never a timer: on a busy machine whoever sleeps is woken late, and the flood does not sleep.
  const plan = () => {
    if (planned || busy >= own.limits.busy || waiting.length === 0) return;
    planned = true;
    setImmediate(turn);
  };
  const turn = () => {
    planned = false;
    const pouring = arrived > BACKLOG;
    arrived = 0;
    if (pouring && rounds++ < ROUNDS_FOR_INTAKE) return plan();
    rounds = 0;
    const item = waiting.pop();
    if (item === undefined) return;
    busy += 1;
    void own.work(item).finally(() => {
      busy -= 1;
      plan();
    });
    plan();
  };
  return {
    put(item) {
      waiting.push(item);
      arrived += 1;
      if (waiting.length > own.limits.waiting) {
        const oldest = waiting.shift();
        if (oldest !== undefined) own.shed(oldest);
      }
      plan();
    },
  };
}

/** Time as it is passed in, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch: for stamps that others read. */
  nowMs(): number;
  /** Milliseconds that never jump: for durations. */
  monotonicMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

import type { Clock } from '../../src/core/clock.ts';

const startedMs = Date.now();

/** A clock that stands still at the start of the process: what was genuine then is not refused for its age hours later. */
export function heldClock(): Clock {
  return { nowMs: () => startedMs, monotonicMs: () => 0 };
}

import type { Clock } from '../core/clock.ts';
import type { ReplayCache } from '../core/seal.ts';

/** Ids that are remembered at a time. When it is full of unexpired ones, unknown ids are refused too: it fails closed. */
const MAX_IDS = 200_000;
const SWEEP_MS = 10_000;

/** A replay cache in memory: for callers, and for nodes below {@link fileReplayCache}. */
export function memoryReplayCache(options: { clock: Clock; maxIds?: number }): ReplayCache & {
  /** Unexpired ids and when they expire. */
  entries(): Iterable<[string, number]>;
  readonly size: number;
} {
  const maxIds = options.maxIds ?? MAX_IDS;
  const expiries = new Map<string, number>();
  let nextSweepMs = 0;
  const sweep = (nowMs: number) => {
    if (nowMs < nextSweepMs && expiries.size < maxIds) return;
    nextSweepMs = nowMs + SWEEP_MS;
    for (const [id, expiresAtMs] of expiries) if (expiresAtMs < nowMs) expiries.delete(id);
  };
  return {
    seen: (id, expiresAtMs) => {
      sweep(options.clock.nowMs());
      if (expiries.has(id) || expiries.size >= maxIds) return true;
      expiries.set(id, expiresAtMs);
      return false;
    },
    entries: () => expiries.entries(),
    get size() {
      return expiries.size;
    },
  };
}

/**
 * Full-jitter exponential back-off: a random wait between 0 and min(capMs, baseMs * 2^attempt), never under `floorMs`.
 * `attempt` counts from 0. Pure but for `random` (0..1).
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs, floorMs = 0 }: { baseMs: number; capMs: number; floorMs?: number },
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.max(floorMs, Math.round(random() * ceiling));
}

import { setTimeout as sleep } from 'node:timers/promises';

const SETTLED_MS = 3000;

/**
 * Gives back, a few seconds after `listening`, the memory that starting took and nothing needs any more: V8 by itself
 * keeps it until the heap grows again, which in a daemon at rest is never. Does nothing where Node was not started with
 * `--expose-gc` (the unit does that). Never throws.
 */
export async function settle(listening: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await listening;
    await sleep(SETTLED_MS, undefined, { signal, ref: false });
  } catch {
    return;
  }
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

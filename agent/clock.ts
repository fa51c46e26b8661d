import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../src/core/clock.ts';
import type { Log } from '../src/core/log.ts';
import { readIfThere, writeAtomic } from './files.ts';

/** A correction beyond this is refused: such a clock is a fault that a person should see. */
const MAX_OFFSET_MS = 24 * 3600 * 1000;
/** When the clock of the machine has moved by more than this since the correction, somebody has set it. */
const SET_MS = 5000;

const Correction = z.strictObject({
  /** The boot in which it was made. */
  boot_id: z.string(),
  offset_ms: z.number().int(),
  /** Wall clock minus time since boot when it was made: changes only when the clock is set. */
  booted_at_ms: z.number(),
});
type Correction = z.output<typeof Correction>;

/** What a node's clock is made of. Times in ms. */
export interface NodeClockOptions {
  readonly stateDir: string;
  readonly machine: Clock;
  /** Time since boot, sleep included. */
  readonly uptimeMs: () => number;
  readonly bootId: string;
  readonly log: Log;
}

/** The clock that the node signs and judges messages by. */
export interface NodeClock extends Clock {
  /**
   * Corrects it to the time that a controller signed, once a boot and by no more than a day; true when it was. The clock
   * of the machine is left alone. Throws NODE_IO.
   */
  correct(trueMs: number): Promise<boolean>;
}

/**
 * Opens the clock of a node: that of the machine, plus the correction of this boot, for as long as nobody sets the clock of
 * the machine (then that one counts). The correction is kept over restarts of the daemon. Throws NODE_IO.
 */
export async function openNodeClock(own: NodeClockOptions): Promise<NodeClock> {
  const { machine, log } = own;
  const path = join(own.stateDir, 'clock.json');
  const bootedAtMs = () => machine.nowMs() - own.uptimeMs();
  const kept = read(await readIfThere(path));
  let correction = kept?.boot_id === own.bootId ? kept : null;
  let offsetMs = correction?.offset_ms ?? 0;
  const offsetNow = () => {
    if (offsetMs !== 0 && Math.abs(bootedAtMs() - (correction?.booted_at_ms ?? 0)) > SET_MS) {
      log.warn({ offsetMs }, 'the clock of the machine was set: its correction is over');
      offsetMs = 0;
    }
    return offsetMs;
  };
  return {
    nowMs: () => machine.nowMs() + offsetNow(),
    monotonicMs: () => machine.monotonicMs(),
    async correct(trueMs) {
      const offset = Math.round(trueMs - machine.nowMs());
      if (correction !== null || Math.abs(offset) > MAX_OFFSET_MS) {
        log.error(
          { offsetMs: offset, before: correction !== null },
          'the clock is wrong and is not corrected',
        );
        return false;
      }
      correction = { boot_id: own.bootId, offset_ms: offset, booted_at_ms: bootedAtMs() };
      await writeAtomic(path, `${JSON.stringify(correction)}\n`, { mode: 0o600 });
      offsetMs = offset;
      log.warn({ offsetMs }, 'the clock is wrong: corrected by what a controller signed');
      return true;
    },
  };
}

/** What cannot be read is no correction: it is asked for again. */
function read(text: string | null): Correction | null {
  try {
    return text === null ? null : Correction.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

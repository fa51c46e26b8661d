import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../src/core/clock.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Facts } from '../src/core/inventory.ts';
import type { Log } from '../src/core/log.ts';

/** When the node registers. */
export interface Registration {
  /** At once. */
  now(): void;
  /** Facts or classes may have changed: soon, if they are not what was said last. */
  changed(): void;
  stop(): void;
}

/** What registering needs. */
export interface RegistrationOptions {
  /** Registers, and gives the print of what it said. */
  readonly send: () => Promise<string>;
  /** Print of what it would say now, without what changes all the time. */
  readonly print: () => string;
  /** Seconds between two registrations when nothing changes. */
  readonly everyS: number;
  readonly log: Log;
  readonly clock?: Clock;
  /** 0 to 1: spreads nodes that change at the same instant. */
  readonly random?: () => number;
}

const LEAST_GAP_MS = 10_000;
const SPREAD_MS = 5000;

/**
 * Registers every `everyS`, and soon after a change: within 5 s of it, each node at another moment, but not within 10 s of the
 * registration before. When changes do not end, the gap doubles, up to `everyS`. *Source:* MCollective's registration, which is
 * periodic alone.
 */
export function createRegistration(options: RegistrationOptions): Registration {
  const { everyS, log, clock = systemClock, random = Math.random } = options;
  let said: string | undefined;
  let sentMs = Number.NEGATIVE_INFINITY;
  let gapMs = LEAST_GAP_MS;
  let soon: NodeJS.Timeout | undefined;
  let stopped = false;

  const now = () => {
    if (stopped) return;
    clearTimeout(soon);
    soon = undefined;
    sentMs = clock.monotonicMs();
    options.send().then(
      (print) => {
        said = print;
        // What changed while it was sent.
        changed();
      },
      (cause: unknown) => log.warn({ err: asMusterError(cause).message }, 'registration not sent'),
    );
  };

  function changed(): void {
    if (stopped || soon !== undefined || said === undefined || options.print() === said) return;
    const sinceMs = clock.monotonicMs() - sentMs;
    gapMs = sinceMs < 2 * gapMs ? gapMs : LEAST_GAP_MS;
    const delayMs = Math.max(0, gapMs - sinceMs) + random() * SPREAD_MS;
    soon = setTimeout(() => {
      soon = undefined;
      if (options.print() === said) return;
      gapMs = Math.min(2 * gapMs, Math.max(LEAST_GAP_MS, everyS * 1000));
      now();
    }, delayMs);
  }

  const timer = setInterval(now, everyS * 1000);
  return {
    now,
    changed,
    stop() {
      stopped = true;
      clearInterval(timer);
      clearTimeout(soon);
    },
  };
}

/** Short print of facts and classes; facts whose name fits one of `volatile` (`*`: anything) do not count. Pure. */
export function printOf(facts: Facts, classes: readonly string[], volatile: readonly string[]): string {
  const patterns = volatile.map(patternOf);
  const steady = Object.entries(facts).filter(([name]) => !patterns.some((pattern) => pattern.test(name)));
  const text = JSON.stringify([steady.sort(([a], [b]) => (a < b ? -1 : 1)), classes]);
  return createHash('sha256').update(text).digest('base64');
}

function patternOf(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

import type { Clock } from '../src/core/clock.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { readCertificate } from '../src/trust/keys.ts';

/** How often a long wait looks at the clock again: a machine may sleep, or be told the right time. */
const LOOK_MS = 3_600_000;
const LEAST_WAIT_MS = 1000;

/** What asking for a new certificate needs. */
export interface RenewalOptions {
  /** PEM of the one in use. */
  readonly certificate: () => string;
  /** Asks the controllers for the next one. */
  readonly ask: (certificatePem: string) => Promise<void>;
  /** The certificate in use has expired. */
  readonly onExpired: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/**
 * Asks for a new certificate when two thirds of the life of the one in use are over (and up to a tenth more, so that a fleet
 * does not ask at once), and again, ever 20th part of what is left, until there is one or the old one has expired.
 * `changed` is to be called when there is a new one.
 */
export function startRenewal(options: RenewalOptions): { changed(): void; stop(): void } {
  const { clock, log, random = Math.random } = options;
  let timer: NodeJS.Timeout | undefined;
  let part = share(random);
  const look = () => {
    const pem = options.certificate();
    const { validFromDate, validToDate } = readCertificate(pem);
    const [beginMs, endMs, nowMs] = [validFromDate.getTime(), validToDate.getTime(), clock.nowMs()];
    const dueMs = beginMs + (endMs - beginMs) * part;
    if (nowMs > endMs) {
      log.warn('the certificate has expired');
      return options.onExpired();
    }
    if (nowMs < dueMs) return wait(dueMs - nowMs);
    options.ask(pem).catch((cause: unknown) => {
      log.warn({ err: asMusterError(cause).message }, 'a new certificate could not be asked for');
    });
    wait(Math.max(LEAST_WAIT_MS, ((endMs - nowMs) / 20) * (0.5 + random())));
  };
  const wait = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(ms, LOOK_MS));
  };
  wait(0);
  return {
    changed() {
      part = share(random);
      wait(LEAST_WAIT_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

function share(random: () => number): number {
  return 2 / 3 + random() / 10;
}

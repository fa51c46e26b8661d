import { X509Certificate } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { endingCertificates, endsSoon, endText } from '../trust/expiry.ts';

const LOOK_MS = 12 * 3_600_000;

/** What watching the ends of certificates needs. */
export interface ExpiryDeps {
  readonly ca: Pick<CollectiveCa, 'book' | 'certificatePem'>;
  /** PEM of the one that this controller uses, and its name. */
  readonly own: { readonly name: string; readonly certificatePem: string };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Says in the log which certificates a person should renew: the CA's, the one that this controller uses (which may be older
 * than the one in its file), and those of the book that are no node's. A master is named only when its daemon could not
 * renew in time.
 */
export function warnOfEnds({ ca, own, clock, log }: ExpiryDeps): void {
  const nowMs = clock.nowMs();
  const warn = (name: string, role: string, notAfterMs: number, next: string) => {
    const fields = { holder: name, role, end: endText(notAfterMs, nowMs), next };
    if (notAfterMs < nowMs) log.error(fields, 'a certificate has ended');
    else log.warn(fields, 'a certificate ends soon');
  };
  const root = datesOf(ca.certificatePem);
  if (endsSoon({ ...root, ca: true }, nowMs))
    warn('ca', 'ca', root.notAfterMs, 'make a new CA; all certificates and user data with it');
  const used = datesOf(own.certificatePem);
  if (endsSoon(used, nowMs))
    warn(
      own.name,
      'controller',
      used.notAfterMs,
      `muster ca renew ${own.name}, then restart this controller`,
    );
  for (const { name, role, not_after_ms: notAfterMs } of endingCertificates(ca.book, nowMs))
    if (name !== own.name) warn(name, role, notAfterMs, `muster ca renew ${name}`);
}

/** Looks now and twice a day. */
export function startExpiryWatch(deps: ExpiryDeps): { close(): void } {
  const look = () => {
    try {
      warnOfEnds(deps);
    } catch (thrown) {
      deps.log.warn(
        { err: asMusterError(thrown).message },
        'the ends of certificates could not be looked at',
      );
    }
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return { close: () => clearInterval(timer) };
}

function datesOf(pem: string): { notBeforeMs: number; notAfterMs: number } {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

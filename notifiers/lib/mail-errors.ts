import type { NodemailerError } from 'nodemailer';
import { MusterError } from '../../src/core/errors.ts';

/** Failures without a reply of the server that come back however often one tries. */
const FINAL_CODES = ['EAUTH', 'ENOAUTH', 'EENVELOPE', 'ECONFIG', 'EMAXRECIPIENTS'];

/**
 * What nodemailer threw, as NOTIFY_REJECTED (reply 5xx, or a setting that cannot work) or NOTIFY_UNREACHABLE (reply 4xx,
 * no connection, no TLS, time-out, aborted). A server that offers no TLS counts as unreachable: somebody in between may
 * have cut the offer out, and must not silence a notice for good. Pure.
 */
export function mailError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const error: NodemailerError = thrown instanceof Error ? thrown : new Error(String(thrown));
  const final = error.code !== 'ETLS' && (error.permanent ?? FINAL_CODES.includes(error.code ?? ''));
  const during = error.command === undefined ? '' : ` (during ${error.command})`;
  return new MusterError(
    final ? 'NOTIFY_REJECTED' : 'NOTIFY_UNREACHABLE',
    `mail server: ${error.message}${during}`,
    { cause: thrown },
  );
}

/** True when the files that the options name may be what is wrong: unreadable, a bad password, an unknown CA. Pure. */
export function isLoginTrouble(thrown: unknown): boolean {
  if (thrown instanceof MusterError) return thrown.code === 'NOTIFY_REJECTED';
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'EAUTH' || code === 'ETLS' || code === 'ESOCKET';
}

/**
 * The server took the mail for some addresses and not for `errors`. Refused for good: NOTIFY_REJECTED, which is not sent
 * again, so nobody gets it twice. Put off: NOTIFY_UNREACHABLE; the others know the copy by its Message-ID. Pure.
 */
export function partlyRefused(errors: readonly NodemailerError[]): MusterError {
  const later = errors.some((error) => error.permanent !== true);
  const names = errors.map((error) => `${error.recipient ?? 'an address'}: ${error.message}`);
  return new MusterError(
    later ? 'NOTIFY_UNREACHABLE' : 'NOTIFY_REJECTED',
    `mail server took it for some addresses only; ${names.join('; ')}`,
  );
}

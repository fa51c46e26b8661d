import { MusterError } from '../../src/core/errors.ts';
import { maskRecipient } from '../../src/core/recipient.ts';

/** Whom a `mailto:` URL names. */
export interface MailAddresses {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
}

/** Good enough to catch slips and to keep header tricks out; whether the box exists only its server knows. */
const ADDRESS = /^[^\s@<>,;:"()[\]\\\p{Cc}]+@[^\s@<>,;:"()\\\p{Cc}]+$/u;
const FIELDS = ['cc', 'bcc'] as const;

/**
 * The addresses of `mailto:a@b,c@d?cc=e@f&bcc=g@h`. Throws CONFIG_INVALID: no address, a wrong one, or another field
 * than cc and bcc (subject and body are the notice's). Pure. *Source:* RFC 6068.
 */
export function mailAddresses(recipient: URL): MailAddresses {
  const fail = (problem: string) =>
    new MusterError('CONFIG_INVALID', `recipient '${maskRecipient(recipient.href)}': ${problem}`);
  if (recipient.protocol !== 'mailto:') throw fail("expected 'mailto:' and an address");
  if (recipient.hash !== '') throw fail("'#' has no meaning here");
  // Not URLSearchParams: it would read the + of an address as a space.
  const fields = recipient.search
    .slice(1)
    .split('&')
    .filter((field) => field !== '');
  const unknown = fields.find((field) => !FIELDS.some((name) => field.startsWith(`${name}=`)));
  if (unknown !== undefined) throw fail(`'${unknown.split('=')[0]}' is not one of cc and bcc`);
  const list = (text: string) => text.split(',').map((part) => checked(decode(part, fail), fail));
  const ofField = (name: string) =>
    fields
      .filter((field) => field.startsWith(`${name}=`))
      .flatMap((field) => list(field.slice(name.length + 1)));
  return { to: list(recipient.pathname), cc: ofField('cc'), bcc: ofField('bcc') };
}

function decode(text: string, fail: (problem: string) => MusterError): string {
  try {
    return decodeURIComponent(text).trim();
  } catch {
    throw fail('an address is not percent-encoded well');
  }
}

function checked(address: string, fail: (problem: string) => MusterError): string {
  if (ADDRESS.test(address)) return address;
  throw fail('an address is not of the form name@host');
}

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { compileRegex } from '../regex.ts';

/** Checks a text, and says what it expected. */
export interface Validator {
  readonly holds: (text: string) => boolean;
  readonly expected: string;
}

/** What a shell would take for more than a word. *Source:* the shellsafe validators of MCollective and Choria. */
const SHELL_SIGNS = ['`', '$', ';', '|', '&&', '>', '<'];

const NAMED: ReadonlyMap<string, Validator> = new Map([
  [
    'shellsafe',
    {
      holds: (text) => !SHELL_SIGNS.some((sign) => text.includes(sign)),
      expected: `text without ${SHELL_SIGNS.join(' ')}`,
    },
  ],
  ['ipv4address', { holds: isIPv4, expected: 'an IPv4 address' }],
  ['ipv6address', { holds: isIPv6, expected: 'an IPv6 address' }],
  ['ipaddress', { holds: (text) => isIP(text) !== 0, expected: 'an IP address' }],
]);

/**
 * The `validation` of a DDL: one of the named ones (shellsafe, ipv4address, ipv6address, ipaddress; a leading colon is taken, as
 * Ruby's DDLs have it), else a regular expression in RE2's syntax. Throws USAGE that names the expression. Pure.
 */
export function validatorOf(validation: string): Validator {
  const named = NAMED.get(validation.replace(/^:/, ''));
  if (named !== undefined) return named;
  // Ruby's end of text, which RE2 does not have.
  const holds = compileRegex(validation.replaceAll('\\Z', '\\z'));
  return { holds, expected: `text that matches ${validation}` };
}

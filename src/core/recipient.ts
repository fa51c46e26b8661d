import { MusterError } from './errors.ts';

const MASK = '***';

/** Names of query fields whose value is a secret, whatever it looks like. */
const SECRET_NAME = /pass|pwd|secret|token|key|auth|sig|cred|session|code/i;

/** Long, of letters and digits mixed, and without the dots of a name: what a service makes up for a token. */
const LOOKS_RANDOM = /^(?=.*[a-z])(?=.*\d)[\w+/=~-]{16,}$/i;

/**
 * A recipient URL as it may be logged and shown: passwords and lone tokens before an @, values of secret or
 * random-looking query fields, and random-looking parts of path and fragment are masked. Takes any text, for it also
 * prints what could not be parsed. Pure.
 */
export function maskRecipient(url: string): string {
  const [, scheme = '', rest = ''] = /^(\s*[a-z][a-z0-9+.-]*:(?:[a-z0-9+.:-]*\/\/)?)?(.*)$/is.exec(url) ?? [];
  const [, beforeQuery = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest) ?? [];
  return (
    scheme +
    maskPath(maskUserInfo(beforeQuery, scheme.endsWith('//'))) +
    maskQuery(query) +
    maskRandom(fragment, /([#/])/)
  );
}

/**
 * A recipient as it stands in the config, e.g. `mailto:oncall@example.org`. Throws CONFIG_INVALID that names the
 * (masked) text and what was expected. Whether the scheme has a notifier is not looked at. Pure.
 */
export function parseRecipient(text: string): URL {
  const url = /^[a-z][a-z0-9+.-]*:\S*$/i.test(text) ? URL.parse(text) : null;
  if (url !== null) return url;
  throw new MusterError(
    'CONFIG_INVALID',
    `recipient '${maskRecipient(text)}': expected a URL whose scheme names the notifier, e.g. mailto:oncall@example.org`,
  );
}

/** `user:password@` keeps the user; what stands alone before the @ of a `//` URL is a token as often as a name. */
function maskUserInfo(text: string, hierarchical: boolean): string {
  const [, before, after = ''] = /^(.*)(@[^@]*)$/s.exec(text) ?? [];
  if (before === undefined) return text;
  const colon = before.indexOf(':');
  if (colon >= 0) return `${before.slice(0, colon)}:${MASK}${after}`;
  return (hierarchical && !before.includes('/') ? MASK : before) + after;
}

function maskPath(text: string): string {
  return maskRandom(text, /(\/)/);
}

function maskRandom(text: string, separator: RegExp): string {
  return text
    .split(separator)
    .map((part) => (LOOKS_RANDOM.test(part) ? MASK : part))
    .join('');
}

function maskQuery(query: string): string {
  return query
    .split(/([?&;])/)
    .map((field) => {
      const [name = '', ...value] = field.split('=');
      if (value.length === 0) return LOOKS_RANDOM.test(field) ? MASK : field;
      return SECRET_NAME.test(name) || LOOKS_RANDOM.test(value.join('=')) ? `${name}=${MASK}` : field;
    })
    .join('');
}

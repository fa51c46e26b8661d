import { MusterError } from '../../src/core/errors.ts';

/** An error that the XMPP server told: `name` is StanzaError, StreamError or SASLError; only the first has a `type`. */
export interface XmppError extends Error {
  readonly condition: string;
  readonly type?: string;
}

/** Stanza errors that may pass although their type says otherwise: another server was away, or a room is being made. */
const PASSING_STANZA = [
  'remote-server-not-found',
  'remote-server-timeout',
  'item-not-found',
  'not-acceptable',
];

/** True for an error that the server (or another behind it) answered with. */
export function isXmppError(thrown: unknown): thrown is XmppError {
  return thrown instanceof Error && 'condition' in thrown && typeof thrown.condition === 'string';
}

/**
 * What went wrong while `doing`, as NOTIFY_REJECTED (login, address or message refused) or NOTIFY_UNREACHABLE (no
 * connection, no TLS, time-out, or the server says that it may pass). Pure.
 * *Source:* RFC 6120, sections 4.9.3, 6.5 and 8.3.
 */
export function xmppError(doing: string, thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  const said = cause.message === '' ? cause.name : cause.message;
  const code = isXmppError(cause) && isFinal(cause) ? 'NOTIFY_REJECTED' : 'NOTIFY_UNREACHABLE';
  return new MusterError(code, `XMPP server, ${doing}: ${said}`, { cause: thrown });
}

function isFinal(error: XmppError): boolean {
  if (error.name === 'SASLError') return error.condition !== 'temporary-auth-failure';
  // Said of the connection, and perhaps before it was encrypted: nobody in between may silence a notice for good.
  if (error.name !== 'StanzaError') return false;
  return error.type !== 'wait' && !PASSING_STANZA.includes(error.condition);
}

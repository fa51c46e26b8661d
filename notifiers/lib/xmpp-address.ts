import { MusterError } from '../../src/core/errors.ts';
import { maskRecipient } from '../../src/core/recipient.ts';

/** A person or a room. `jid` has no resource; `domain` is its last part. */
export interface XmppAddress {
  readonly kind: 'chat' | 'room';
  readonly jid: string;
  readonly domain: string;
}

const JID = /^[^\s"&'/:<>@\p{Cc}]+@([^\s"&'/:<>@\p{Cc}]+)$/u;

/**
 * Whom `xmpp:user@host` (a person) or `xmpp:room@rooms.host?join` (a room) names. Throws CONFIG_INVALID. Pure.
 * *Source:* RFC 5122 and XEP-0147 (join).
 */
export function xmppAddress(recipient: URL): XmppAddress {
  const fail = (problem: string) =>
    new MusterError('CONFIG_INVALID', `recipient '${maskRecipient(recipient.href)}': ${problem}`);
  if (recipient.protocol !== 'xmpp:') throw fail("expected 'xmpp:' and an address");
  if (recipient.hash !== '' || (recipient.search !== '' && recipient.search !== '?join')) {
    throw fail("only '?join', for a room, may stand behind the address");
  }
  const jid = unescaped(recipient.pathname);
  const domain = JID.exec(jid)?.[1];
  if (domain === undefined) throw fail('expected user@host, or room@host?join');
  return {
    kind: recipient.search === '?join' ? 'room' : 'chat',
    jid: jid.toLowerCase(),
    domain: domain.toLowerCase(),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

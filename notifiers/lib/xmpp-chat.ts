import { randomUUID } from 'node:crypto';
import { type Client, type Element, xml } from '@xmpp/client';
import type { Notice } from '../../src/core/notifier.ts';
import { plainLine, plainText } from './text.ts';
import type { XmppAddress } from './xmpp-address.ts';
import { ask, stanzaError } from './xmpp-wait.ts';

/** The notice as a message stanza; its id is the notice's, so that a copy is known as one. Pure. */
export function messageStanza(notice: Notice, type: 'chat' | 'groupchat', to: string): Element {
  const id = plainLine(notice.id);
  const text = [plainLine(notice.subject), plainText(notice.body).trimEnd()]
    .filter((part) => part !== '')
    .join('\n');
  return xml(
    'message',
    { type, to, id },
    xml('body', {}, text),
    xml('origin-id', { xmlns: 'urn:xmpp:sid:0', id }),
  );
}

/** Who sent it, without the resource. */
function bareFrom(stanza: Element): string {
  return (stanza.attrs.from ?? '').split('/')[0]?.toLowerCase() ?? '';
}

/**
 * Sends to one person. Resolves when that person's server has answered a ping that was sent after the message: a server
 * handles what one entity sends in order (RFC 6120, section 10.1), so it has taken the message, or has sent it back
 * before. Throws the error with which the message came back, or NOTIFY_UNREACHABLE.
 */
export async function sendChat(stream: Client, to: XmppAddress, notice: Notice): Promise<void> {
  const message = messageStanza(notice, 'chat', to.jid);
  const ping = xml(
    'iq',
    { type: 'get', to: to.domain, id: randomUUID() },
    xml('ping', { xmlns: 'urn:xmpp:ping' }),
  );
  const pong = await ask(stream, [message, ping], (stanza) => {
    if (isReturned(stanza, message, to.jid)) throw stanzaError(stanza);
    return stanza.name === 'iq' && stanza.attrs.id === ping.attrs.id ? stanza : undefined;
  });
  // A server that knows no ping says so, which is as good an answer; but then it must be that server that speaks.
  const error = pong.attrs.type === 'error' ? stanzaError(pong) : null;
  if (error?.condition.startsWith('remote-server')) throw error;
}

/** Is this `message`, sent back by `jid` as an error? Pure. */
export function isReturned(stanza: Element, message: Element, jid: string): boolean {
  if (stanza.name !== 'message' || stanza.attrs.type !== 'error') return false;
  return stanza.attrs.id === message.attrs.id && bareFrom(stanza) === jid;
}

import { type Client, type Element, xml } from '@xmpp/client';
import { MusterError } from '../../src/core/errors.ts';
import type { Notice } from '../../src/core/notifier.ts';
import { isReturned, messageStanza } from './xmpp-chat.ts';
import { isXmppError } from './xmpp-errors.ts';
import { ask, request, stanzaError } from './xmpp-wait.ts';

const MUC = 'http://jabber.org/protocol/muc';
const DISCO = 'http://jabber.org/protocol/disco#info';
const NICKS = 9;

/** The rooms that one stream is in. *Source:* XEP-0045. */
export class XmppRooms {
  readonly #stream: Client;
  readonly #nick: string;
  /** Our own address in each room, `room@host/nick`, from the moment that we ask to come in. */
  readonly #joined = new Map<string, Promise<string>>();

  constructor(stream: Client, nick: string) {
    this.#stream = stream;
    this.#nick = nick;
    stream.on('stanza', (stanza: Element) => void this.#noticeLeaving(stanza));
  }

  /**
   * Sends to a room, joining it first; a room that is new is made. Resolves when the room has shown the message to us
   * too. Throws the error of the room, or NOTIFY_UNREACHABLE.
   */
  async send(room: string, notice: Notice, signal: AbortSignal): Promise<void> {
    const self = await this.#join(room);
    if (signal.aborted)
      throw new MusterError('NOTIFY_UNREACHABLE', 'given up before it was sent', { cause: signal.reason });
    const message = messageStanza(notice, 'groupchat', room);
    const shown = ask(this.#stream, [message], (stanza) => {
      if (isReturned(stanza, message, room)) throw stanzaError(stanza);
      return isReflection(stanza, message, self) ? true : undefined;
    });
    await shown.catch((thrown: unknown) => {
      // The room may have forgotten us, e.g. when its server was started anew.
      if (isXmppError(thrown)) this.#joined.delete(room);
      throw thrown;
    });
  }

  #join(room: string): Promise<string> {
    const known = this.#joined.get(room);
    if (known !== undefined) return known;
    const joining = requireRooms(this.#stream, room).then(() =>
      enterUnderFreeNick(this.#stream, room, this.#nick),
    );
    this.#joined.set(room, joining);
    joining.catch(() => this.#joined.delete(room));
    return joining;
  }

  /** Thrown out, or the room was closed. */
  async #noticeLeaving(stanza: Element): Promise<void> {
    if (stanza.name !== 'presence' || stanza.attrs.type !== 'unavailable') return;
    for (const [room, joining] of this.#joined) {
      const self = await joining.catch(() => undefined);
      if (self === stanza.attrs.from) this.#joined.delete(room);
    }
  }
}

/** Throws NOTIFY_REJECTED where there are no rooms: a wish to enter is not answered there at all. *Source:* XEP-0030. */
async function requireRooms(stream: Client, room: string): Promise<void> {
  const domain = room.slice(room.indexOf('@') + 1);
  const info = await request(stream, 'get', domain, xml('query', { xmlns: DISCO }));
  const features = info.getChild('query', DISCO)?.getChildren('feature') ?? [];
  if (!features.some((feature) => feature.attrs.var === MUC)) {
    throw new MusterError('NOTIFY_REJECTED', `XMPP server: there are no rooms at ${domain}`);
  }
}

/** Several controllers may be in one room: each takes the first free of nick, nick-2, nick-3, … */
async function enterUnderFreeNick(stream: Client, room: string, nick: string): Promise<string> {
  for (let n = 1; ; n += 1) {
    const self = `${room}/${n === 1 ? nick : `${nick}-${n}`}`;
    try {
      await enter(stream, room, self);
      return self;
    } catch (thrown) {
      if (!(isXmppError(thrown) && thrown.condition === 'conflict' && n < NICKS)) throw thrown;
    }
  }
}

async function enter(stream: Client, room: string, self: string): Promise<void> {
  const presence = xml(
    'presence',
    { to: self },
    xml('x', { xmlns: MUC }, xml('history', { maxstanzas: '0' })),
  );
  const codes = await ask(stream, [presence], (stanza) => {
    if (stanza.name !== 'presence' || !isFromRoom(stanza, room, self)) return undefined;
    if (stanza.attrs.type === 'error') throw stanzaError(stanza);
    return statusCodes(stanza).includes('110') ? statusCodes(stanza) : undefined;
  });
  // 201: we made the room; nobody else may enter until its owner has settled its form.
  if (codes.includes('201')) await acceptDefaults(stream, room);
}

async function acceptDefaults(stream: Client, room: string): Promise<void> {
  const form = xml('x', { xmlns: 'jabber:x:data', type: 'submit' });
  await request(stream, 'set', room, xml('query', { xmlns: `${MUC}#owner` }, form));
}

/** Errors on entering come from the room or from our address in it. */
function isFromRoom(stanza: Element, room: string, self: string): boolean {
  const from = stanza.attrs.from;
  return from === self || (stanza.attrs.type === 'error' && from === room);
}

function statusCodes(stanza: Element): string[] {
  const statuses = stanza.getChild('x', `${MUC}#user`)?.getChildren('status') ?? [];
  return statuses.map((status) => status.attrs.code ?? '');
}

/** Rooms show a message to its sender too; most keep its id, all keep its text. */
function isReflection(stanza: Element, message: Element, self: string): boolean {
  if (stanza.name !== 'message' || stanza.attrs.type !== 'groupchat' || stanza.attrs.from !== self)
    return false;
  return stanza.attrs.id === message.attrs.id || stanza.getChildText('body') === message.getChildText('body');
}

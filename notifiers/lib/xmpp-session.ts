import type { Client } from '@xmpp/client';
import { MusterError } from '../../src/core/errors.ts';
import type { Notice } from '../../src/core/notifier.ts';
import type { XmppAddress } from './xmpp-address.ts';
import { sendChat } from './xmpp-chat.ts';
import { XmppRooms } from './xmpp-room.ts';
import { closeStream, openStream, requireEncryption, type XmppServer } from './xmpp-stream.ts';

interface Open {
  readonly stream: Client;
  readonly rooms: XmppRooms;
}

/** One account's stream, opened with the first notice and again whenever it has ended since. */
export class XmppSession {
  readonly #server: XmppServer & { readonly nick: string };
  readonly #closing = new AbortController();
  #opening: Promise<Open> | null = null;

  constructor(server: XmppServer & { readonly nick: string }) {
    this.#server = server;
  }

  /** Resolves when the server has certainly taken the notice. Throws NOTIFY_* or the error that the server answered with. */
  async send(to: XmppAddress, notice: Notice, signal: AbortSignal): Promise<void> {
    const { stream, rooms } = await this.#open();
    if (signal.aborted)
      throw new MusterError('NOTIFY_UNREACHABLE', 'given up before it was sent', { cause: signal.reason });
    requireEncryption(stream);
    if (to.kind === 'room') await rooms.send(to.jid, notice, signal);
    else await sendChat(stream, to, notice);
  }

  /** Says good-bye, within two seconds; the session cannot be used again. Never throws. */
  async close(): Promise<void> {
    this.#closing.abort();
    const open = await this.#opening?.catch(() => null);
    this.#opening = null;
    if (open && open.stream.status === 'online') await closeStream(open.stream);
  }

  async #open(): Promise<Open> {
    const opening = this.#opening;
    const open = await opening?.catch(() => null);
    if (open?.stream.status === 'online') return open;
    // Of several that found it ended, the first opens it anew.
    if (this.#opening === opening || this.#opening === null) this.#opening = this.#connect();
    return this.#opening;
  }

  async #connect(): Promise<Open> {
    const stream = await openStream(this.#server, this.#closing.signal);
    return { stream, rooms: new XmppRooms(stream, this.#server.nick) };
  }
}

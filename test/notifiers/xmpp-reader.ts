import { type Element, xml } from '@xmpp/client';
import { closeStream, openStream, type XmppServer } from '../../notifiers/lib/xmpp-stream.ts';

/** A person who is logged in and reads. */
export interface Reader {
  /** Waits until `count` messages with text are there (5 s at most), and gives all. */
  messages(count: number): Promise<Element[]>;
  /** Enters a room that exists. */
  join(room: string): Promise<void>;
  close(): Promise<void>;
}

/** Logs a person in. */
export async function makeReader(server: XmppServer): Promise<Reader> {
  const stream = await openStream(server, AbortSignal.timeout(10_000));
  const messages: Element[] = [];
  stream.on('stanza', (stanza: Element) => {
    if (stanza.name === 'message' && stanza.getChildText('body') !== null) messages.push(stanza);
  });
  await stream.send(xml('presence', {}));
  return {
    async messages(count) {
      const deadline = Date.now() + 5_000;
      while (messages.length < count && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return messages;
    },
    async join(room) {
      await stream.send(
        xml(
          'presence',
          { to: `${room}/${server.username}` },
          xml('x', { xmlns: 'http://jabber.org/protocol/muc' }),
        ),
      );
    },
    close: () => closeStream(stream),
  };
}

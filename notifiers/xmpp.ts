import { z } from 'zod';
import { defineNotifier } from '../src/core/notifier.ts';
import { unlessAborted } from './lib/abort.ts';
import { xmppAddress } from './lib/xmpp-address.ts';
import { xmppError } from './lib/xmpp-errors.ts';
import { XmppSession } from './lib/xmpp-session.ts';

const Options = z.strictObject({
  service: z
    .string()
    .regex(
      /^xmpps?:\/\/[^/?#@\s]+$/,
      'xmpps://host:port (TLS from the first byte) or xmpp://host:port (STARTTLS)',
    )
    .describe('The server, e.g. xmpps://xmpp.example.org:5223; never used without TLS'),
  domain: z
    .string()
    .min(1)
    .optional()
    .describe('Domain of the account, where it is not the host of the service'),
  username: z.string().min(1).describe('Name of the account, without the domain'),
  password_file: z.string().min(1).describe('File that holds the password'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('CA that the certificate of the domain is verified against, PEM'),
  nick: z
    .string()
    .min(1)
    .max(64)
    .default('muster')
    .describe('Name in rooms; -2, -3, … are added when it is taken'),
});
type Options = z.output<typeof Options>;

/** Kept open between notices, by options. */
const sessions = new Map<string, XmppSession>();

/**
 * Sends messages over XMPP. Recipients `xmpp:user@example.org` and `xmpp:room@rooms.example.org?join`. Resolves when the
 * recipient's server has certainly taken it. Throws NOTIFY_REJECTED (login, address or message refused) or
 * NOTIFY_UNREACHABLE (connection, TLS, time-out). *Source:* angelia's xmpp plug-in; RFC 6120, XEP-0045.
 */
export default defineNotifier<Options>({
  name: 'xmpp',
  summary: 'Send notices to people and rooms over XMPP',
  options: Options,
  limits: { subjectChars: 200, bodyChars: 4_000, perMinute: 60 },
  check(recipient) {
    xmppAddress(recipient);
  },
  async send(notice, recipient, options, { signal }) {
    const address = xmppAddress(recipient);
    try {
      await unlessAborted(signal, () => sessionFor(options).send(address, notice, signal));
    } catch (thrown) {
      throw xmppError(`to ${address.jid}`, thrown);
    }
  },
  async close() {
    const open = [...sessions.values()];
    sessions.clear();
    await Promise.all(open.map((session) => session.close()));
  },
});

function sessionFor(options: Options): XmppSession {
  const key = JSON.stringify(options);
  const session = sessions.get(key) ?? new XmppSession(options);
  sessions.set(key, session);
  return session;
}

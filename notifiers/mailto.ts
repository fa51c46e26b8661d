import { z } from 'zod';
import { MusterError } from '../src/core/errors.ts';
import { defineNotifier } from '../src/core/notifier.ts';
import { mailAddresses } from './lib/mail-address.ts';
import { isLoginTrouble, mailError, partlyRefused } from './lib/mail-errors.ts';
import { mailMessage } from './lib/mail-message.ts';
import { type MailTransport, mailTransport } from './lib/mail-transport.ts';

const Options = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Host of the mail server'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(587)
    .describe('Its port: 587 with STARTTLS, 465 with secure'),
  secure: z.boolean().default(false).describe('TLS from the first byte on, instead of STARTTLS'),
  require_tls: z
    .boolean()
    .default(true)
    .describe('Never send without TLS; false only for a server on this machine'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('CA that the certificate of the server is verified against, PEM'),
  user: z.string().min(1).optional().describe('Login; without it none is tried'),
  password_file: z.string().min(1).optional().describe('File that holds the password'),
  from: z
    .string()
    .regex(/^[^\r\n]*[^\s@]+@[^\s@]+$/, 'name@host or Name <name@host>')
    .default('muster@localhost')
    .describe('Sender, e.g. Muster <muster@example.org>'),
});
type Options = z.output<typeof Options>;

/** Kept open between notices, by options. Emptied by close(), and of a transport whose login failed. */
const transports = new Map<string, Promise<MailTransport>>();

/**
 * Sends mail. Recipient `mailto:a@example.org,b@example.org?cc=c@example.org`. Throws NOTIFY_REJECTED (5xx) or
 * NOTIFY_UNREACHABLE (4xx, connection, time-out). *Source:* angelia's mailto plug-in.
 */
export default defineNotifier<Options>({
  name: 'mailto',
  summary: 'Send notices by mail',
  options: Options,
  limits: { subjectChars: 150, bodyChars: 20_000, perMinute: 60 },
  check(recipient) {
    mailAddresses(recipient);
  },
  async send(notice, recipient, options, { signal }) {
    const message = mailMessage(notice, mailAddresses(recipient), options.from);
    try {
      if (signal.aborted)
        throw new MusterError('NOTIFY_UNREACHABLE', 'given up before it was sent', { cause: signal.reason });
      const info = await (await transportFor(options)).sendMail({ ...message, signal });
      const refused = info.rejectedErrors ?? [];
      if (refused.length > 0) throw partlyRefused(refused);
    } catch (thrown) {
      // The password or the CA may have been replaced: read the files again next time.
      if (isLoginTrouble(thrown)) forget(options);
      throw mailError(thrown);
    }
  },
  async close() {
    const open = [...transports.values()];
    transports.clear();
    for (const transport of await Promise.allSettled(open)) {
      if (transport.status === 'fulfilled') transport.value.close({ force: true });
    }
  },
});

function transportFor(options: Options): Promise<MailTransport> {
  const key = JSON.stringify(options);
  const transport = transports.get(key) ?? mailTransport(options);
  transports.set(key, transport);
  return transport;
}

function forget(options: Options): void {
  const key = JSON.stringify(options);
  transports.get(key)?.then(
    (transport) => transport.close(),
    () => undefined,
  );
  transports.delete(key);
}

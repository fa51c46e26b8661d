import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, client, type Element } from '@xmpp/client';
import { MusterError } from '../../src/core/errors.ts';
import { readOptionFile } from './secret.ts';
import { xmppError } from './xmpp-errors.ts';
import { useTls } from './xmpp-tls.ts';
import { cut } from './xmpp-wait.ts';

/** Where and as whom to log in. */
export interface XmppServer {
  readonly service: string;
  readonly domain?: string | undefined;
  readonly username: string;
  readonly password_file: string;
  readonly ca_file?: string | undefined;
}

const OPEN_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Connects and logs in; says nothing before the stream is encrypted. Throws NOTIFY_REJECTED (login refused, unreadable
 * file) or NOTIFY_UNREACHABLE (no connection, certificate not trusted, no encryption, aborted).
 */
export async function openStream(server: XmppServer, signal: AbortSignal): Promise<Client> {
  const password = await readOptionFile('password_file', server.password_file);
  const ca = server.ca_file === undefined ? undefined : await readOptionFile('ca_file', server.ca_file);
  const domain = server.domain ?? new URL(server.service).hostname;
  const stream = client({
    service: server.service,
    domain,
    username: server.username,
    timeout: OPEN_TIMEOUT_MS,
    async credentials(authenticate, mechanisms, _fast, entity) {
      requireEncryption(entity);
      await authenticate({ username: server.username, password }, mechanisms[0]);
    },
  });
  // Reconnecting is ours, and only when there is something to say: the package would go on for ever.
  stream.reconnect.stop();
  // Each notice under way listens for its answer.
  stream.setMaxListeners(0);
  useTls(stream, { servername: domain, ca });
  stream.prependListener('element', leaveOut);
  try {
    await online(stream, server.service, domain, signal);
    requireEncryption(stream);
  } catch (thrown) {
    cut(stream);
    throw xmppError('connecting', thrown);
  }
  return stream;
}

/** Throws NOTIFY_UNREACHABLE when the stream is in clear: a server without TLS, or somebody cut the offer out. */
export function requireEncryption(stream: Client): void {
  if (!stream.isSecure()) {
    throw new MusterError(
      'NOTIFY_UNREACHABLE',
      'XMPP server offers no encryption, and nothing is sent in clear',
    );
  }
}

/** Says good-bye, and hangs up when the server does not answer in time. Never throws. */
export async function closeStream(stream: Client): Promise<void> {
  // For the end of the stream and again for the end of the connection.
  stream.timeout = CLOSE_TIMEOUT_MS / 2;
  const left = new AbortController();
  const patience = sleep(CLOSE_TIMEOUT_MS, undefined, { signal: left.signal }).catch(() => undefined);
  await Promise.race([stream.disconnect().catch(() => undefined), patience]);
  left.abort();
  cut(stream);
}

/**
 * Takes offers out of what the server offers, before the package sees them. Stream management: its count of what came in
 * starts late, so that a strict server ends the stream ("acknowledged less stanzas than already acknowledged"); we ask
 * for each notice ourselves. SASL2: would negotiate it again, inside the login.
 */
function leaveOut(element: Element): void {
  if (element.name !== 'stream:features') return;
  element.remove('sm', 'urn:xmpp:sm:3');
  element.remove('authentication', 'urn:xmpp:sasl:2');
}

async function online(stream: Client, service: string, domain: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)]);
  const stop = () =>
    reject(new Error(signal.aborted ? 'given up' : `not logged in within ${OPEN_TIMEOUT_MS / 1000} s`));
  giveUp.addEventListener('abort', stop);
  if (giveUp.aborted) stop();
  stream.once('online', () => resolve());
  // Stays for good: an 'error' without a listener would end the process. After 'online' a 'disconnect' tells the rest.
  stream.on('error', reject);
  stream.once('disconnect', () => reject(new Error('the connection was closed')));
  const opened = stream.connect(service).then(() => stream.open({ domain }));
  // Not stream.start(): there, an error while the stream opens leaves a second promise rejected with nobody listening.
  await Promise.all([promise, opened]).finally(() => giveUp.removeEventListener('abort', stop));
}

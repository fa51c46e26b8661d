import { text as readText } from 'node:stream/consumers';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import mailto from '../../notifiers/mailto.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Notice } from '../../src/core/notifier.ts';
import { sampleNotice } from '../conformance/notifier.ts';
import { portOf, serverCertificate, tempFolder } from './services.ts';

const certificate = serverCertificate(['127.0.0.1']);
const password = 'correct horse';
let folder: Awaited<ReturnType<typeof tempFolder>>;
let files: { ca_file: string; password_file: string };
let server: SMTPServer | undefined;
let received: { raw: string; to: string[]; secure: boolean }[];

beforeAll(async () => {
  folder = await tempFolder();
  files = {
    ca_file: await folder.write('ca.pem', certificate.ca),
    password_file: await folder.write('password', `${password}\n`),
  };
});
afterAll(() => folder.remove());
beforeEach(() => {
  received = [];
});
afterEach(async () => {
  await mailto.close?.();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

/** A real mail server; `refuse` answers for one address, or for none. */
async function startServer(
  options: SMTPServerOptions = {},
  refuse: Record<string, number> = {},
): Promise<number> {
  const started = new SMTPServer({
    key: certificate.key,
    cert: certificate.certificate,
    authOptional: true,
    onAuth: (auth, _session, callback) =>
      auth.username === 'muster' && auth.password === password
        ? callback(null, { user: 'muster' })
        : callback(new Error('wrong password')),
    onRcptTo: ({ address }, _session, callback) => {
      const responseCode = refuse[address];
      callback(responseCode === undefined ? null : Object.assign(new Error('not here'), { responseCode }));
    },
    onData: (stream, session, callback) => {
      readText(stream).then((raw) => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ raw, to, secure: session.secure });
        callback();
      }, callback);
    },
    ...options,
  });
  server = started;
  // Clients that do not trust the certificate are part of the tests.
  started.on('error', () => undefined);
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return portOf(started.server.address());
}

function send(
  port: number,
  more: { to?: string; options?: object; notice?: Partial<Notice> } = {},
): Promise<void> {
  const options = mailto.options.parse({
    host: '127.0.0.1',
    port,
    ca_file: files.ca_file,
    from: 'Muster <muster@example.org>',
    ...more.options,
  });
  const recipient = new URL(more.to ?? 'mailto:oncall@example.org');
  const context = { signal: AbortSignal.timeout(10_000), log: silentLog };
  return mailto.send(sampleNotice(more.notice), recipient, options, context);
}

describe('mail that arrives', () => {
  test('goes over STARTTLS, logged in, and can be read as it was meant', async () => {
    const port = await startServer({ authOptional: false });
    await send(port, {
      options: { user: 'muster', password_file: files.password_file },
      notice: {
        level: 'failure',
        subject: 'web1 failed – größer',
        body: 'step sign_node_csr\n\nretry: muster run retry x',
      },
    });
    const [mail] = received;
    expect(mail?.secure).toBe(true);
    const parsed = await PostalMime.parse(mail?.raw ?? '');
    const header = (name: string) => parsed.headers.find(({ key }) => key === name)?.value;
    expect(parsed.subject).toBe('web1 failed – größer');
    expect(parsed.from).toMatchObject({ name: 'Muster', address: 'muster@example.org' });
    expect(parsed.messageId).toBe('<notice-i-0123456789abcdef0.1-provisioned@example.org>');
    expect(header('x-muster-run')).toBe('i-0123456789abcdef0.1');
    expect(header('auto-submitted')).toBe('auto-generated');
    expect(header('x-priority')).toMatch(/^1/);
    expect(parsed.text).toBe(
      [
        'step sign_node_csr',
        '',
        'retry: muster run retry x',
        '',
        '-- ',
        'Node  web1.example.org',
        'Run   i-0123456789abcdef0.1',
        'Time  2026-01-02T03:04:05.000Z',
        '',
      ].join('\n'),
    );
    expect(parsed.html).toBeUndefined();
  });

  test('reaches recipients, copies and blind copies; the blind ones are in no header', async () => {
    const port = await startServer();
    await send(port, { to: 'mailto:a@example.org,b@example.org?cc=c@example.org&bcc=blind@example.org' });
    expect(received[0]?.to).toEqual(['a@example.org', 'b@example.org', 'c@example.org', 'blind@example.org']);
    expect(received[0]?.raw).not.toContain('blind@example.org');
  });

  test('goes over TLS from the first byte on where the server wants that', async () => {
    const port = await startServer({ secure: true });
    await send(port, { options: { secure: true } });
    expect(received[0]?.secure).toBe(true);
  });

  test('of one burst shares connections', async () => {
    let connections = 0;
    const port = await startServer({
      onConnect: (_session, callback) => {
        connections += 1;
        callback();
      },
    });
    for (let n = 0; n < 10; n += 1) await send(port, { notice: { id: `burst-${n}` } });
    expect(received).toHaveLength(10);
    expect(connections).toBe(1);
  });
});

describe('mail that is refused or cannot be handed over', () => {
  test('an address that does not exist (550) is final', async () => {
    const port = await startServer({}, { 'oncall@example.org': 550 });
    await expect(send(port)).rejects.toMatchObject({ code: 'NOTIFY_REJECTED', retryable: false });
  });

  test('an address that is put off (450) is tried again', async () => {
    const port = await startServer({}, { 'oncall@example.org': 450 });
    await expect(send(port)).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE', retryable: true });
  });

  test('one refused address of two is told by name, and the other has its mail', async () => {
    const port = await startServer({}, { 'gone@example.org': 550 });
    const sending = send(port, { to: 'mailto:oncall@example.org,gone@example.org' });
    await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
    await expect(sending).rejects.toThrow('gone@example.org');
    expect(received[0]?.to).toEqual(['oncall@example.org']);
  });

  test('a wrong password is final, and a replaced password file is read again', async () => {
    const port = await startServer({ authOptional: false });
    const password_file = await folder.write('changing', 'battery staple');
    const options = { user: 'muster', password_file };
    const failed = send(port, { options });
    await expect(failed).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
    await expect(failed).rejects.not.toThrow('battery staple');
    await folder.write('changing', password);
    await send(port, { options });
    expect(received).toHaveLength(1);
  });

  test('a password file that is not there is named', async () => {
    const sending = send(1, { options: { user: 'muster', password_file: '/nowhere/password' } });
    await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
    await expect(sending).rejects.toThrow('/nowhere/password');
  });

  test('nothing is sent to a server without TLS', async () => {
    const port = await startServer({ disabledCommands: ['STARTTLS'] });
    await expect(send(port)).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
    expect(received).toHaveLength(0);
  });

  test('nothing is sent to a server whose certificate another CA issued', async () => {
    const port = await startServer();
    const other = await folder.write('other.pem', serverCertificate(['127.0.0.1']).ca);
    await expect(send(port, { options: { ca_file: other } })).rejects.toMatchObject({
      code: 'NOTIFY_UNREACHABLE',
    });
    expect(received).toHaveLength(0);
  });

  test('a server on this machine may be used without TLS when the config says so', async () => {
    const port = await startServer({ disabledCommands: ['STARTTLS'] });
    await send(port, { options: { require_tls: false } });
    expect(received[0]?.secure).toBe(false);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import xmpp from '../../notifiers/xmpp.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Notice } from '../../src/core/notifier.ts';
import { sampleNotice } from '../conformance/notifier.ts';
import { makeProsody, type Prosody, type ProsodySettings } from '../kit/prosody.ts';
import { freePort, serverCertificate, tempFolder } from './services.ts';
import { makeReader, type Reader } from './xmpp-reader.ts';

const DOMAIN = 'xmpp.test';
const ONCALL = `xmpp:oncall@${DOMAIN}`;
const ROOM = `xmpp:ops@rooms.${DOMAIN}?join`;
const tls = serverCertificate([DOMAIN]);
let folder: Awaited<ReturnType<typeof tempFolder>>;
let settings: ProsodySettings;
let prosody: Prosody;
let login: { domain: string; username: string; password_file: string; ca_file: string };
let readers: Reader[] = [];

beforeAll(async () => {
  folder = await tempFolder();
  login = {
    domain: DOMAIN,
    username: 'muster',
    password_file: await folder.write('password', 'correct horse\n'),
    ca_file: await folder.write('ca.pem', tls.ca),
  };
  settings = {
    domain: DOMAIN,
    certificate: tls.certificate,
    key: tls.key,
    ports: { startTls: await freePort(), tls: await freePort() },
    accounts: { muster: 'correct horse', second: 'correct horse', oncall: 'reads', asleep: 'reads' },
  };
  prosody = await makeProsody(settings);
  await prosody.start();
});
afterEach(async () => {
  await xmpp.close?.();
  await Promise.all(readers.map((reader) => reader.close()));
  readers = [];
});
afterAll(async () => {
  await prosody.remove();
  await folder.remove();
});

const direct = () => `xmpps://127.0.0.1:${settings.ports.tls}`;
const startTls = () => `xmpp://127.0.0.1:${settings.ports.startTls}`;

function send(
  to: string,
  more: { options?: object; notice?: Partial<Notice>; timeoutMs?: number } = {},
): Promise<void> {
  const options = xmpp.options.parse({ ...login, service: direct(), ...more.options });
  const signal = AbortSignal.timeout(more.timeoutMs ?? 20_000);
  return xmpp.send(sampleNotice(more.notice), new URL(to), options, { signal, log: silentLog });
}

async function reader(username = 'oncall'): Promise<Reader> {
  const password_file = await folder.write(`password-${username}`, 'reads');
  const made = await makeReader({ ...login, service: direct(), username, password_file });
  readers.push(made);
  return made;
}

describe('a message to one person', () => {
  test('arrives with subject, text and the id of the notice', async () => {
    const oncall = await reader();
    await send(ONCALL, { notice: { subject: 'web1 <failed> & größer', body: 'a\n\u001b[2Jb' } });
    const [message] = await oncall.messages(1);
    expect(message?.getChildText('body')).toBe('web1 <failed> & größer\na\n\uFFFD[2Jb');
    expect(message?.attrs.id).toBe(sampleNotice().id);
    expect(message?.attrs.type).toBe('chat');
  });

  test('goes over STARTTLS as well', async () => {
    const oncall = await reader();
    await send(ONCALL, { options: { service: startTls() } });
    expect(await oncall.messages(1)).toHaveLength(1);
  });

  test('who is not there now gets it later', async () => {
    await send(`xmpp:asleep@${DOMAIN}`);
    expect(await (await reader('asleep')).messages(1)).toHaveLength(1);
  });

  test('goes over the connection of the one before, and a burst arrives once each', async () => {
    const oncall = await reader();
    await send(ONCALL, { notice: { id: 'first' } });
    await Promise.all(Array.from({ length: 50 }, (_, n) => send(ONCALL, { notice: { id: `burst-${n}` } })));
    const messages = await oncall.messages(51);
    expect(new Set(messages.map((message) => message.attrs.id)).size).toBe(51);
    expect(messages).toHaveLength(51);
    expect(new Set(messages.map((message) => message.attrs.from)).size).toBe(1);
  });

  test('is NOTIFY_REJECTED when there is no such person', async () => {
    await expect(send(`xmpp:nobody@${DOMAIN}`)).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });

  test('is NOTIFY_REJECTED when the server does not speak to that domain', async () => {
    await expect(send('xmpp:oncall@elsewhere.test')).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });
});

describe('a message to a room', () => {
  test('makes the room when it is new, and arrives', async () => {
    await send(ROOM, { notice: { id: 'one', subject: 'one' } });
    const oncall = await reader();
    await oncall.join(`ops@rooms.${DOMAIN}`);
    await oncall.messages(1);
    await send(ROOM, { notice: { id: 'two', subject: 'two' } });
    const texts = (await oncall.messages(2)).map((message) => message.getChildText('body')?.split('\n')[0]);
    expect(texts).toEqual(['one', 'two']);
    expect((await oncall.messages(2))[1]?.attrs.from).toBe(`ops@rooms.${DOMAIN}/muster`);
  });

  test('of a second controller comes under the next free name', async () => {
    await send(ROOM);
    const oncall = await reader();
    await oncall.join(`ops@rooms.${DOMAIN}`);
    await oncall.messages(1);
    await send(ROOM, { options: { username: 'second' } });
    expect((await oncall.messages(2))[1]?.attrs.from).toBe(`ops@rooms.${DOMAIN}/muster-2`);
  });

  test('many at a time join once and arrive once each', async () => {
    await send(ROOM, { notice: { id: 'zero' } });
    const oncall = await reader();
    await oncall.join(`ops@rooms.${DOMAIN}`);
    await oncall.messages(1);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => send(ROOM, { notice: { id: `many-${n}`, body: `${n}` } })),
    );
    expect(new Set((await oncall.messages(21)).map((message) => message.attrs.id)).size).toBe(21);
  });

  test('is NOTIFY_REJECTED where no rooms are', async () => {
    await expect(send(`xmpp:ops@${DOMAIN}?join`)).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });
});

describe('login', () => {
  test('with a wrong password is NOTIFY_REJECTED, and a replaced file is read again', async () => {
    const password_file = await folder.write('changing', 'battery staple');
    const failed = send(ONCALL, { options: { password_file } });
    await expect(failed).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
    await expect(failed).rejects.toThrow('not-authorized');
    await expect(failed).rejects.not.toThrow('battery staple');
    await folder.write('changing', 'correct horse');
    await send(ONCALL, { options: { password_file } });
  });

  test('with a password file that is not there names it', async () => {
    await expect(send(ONCALL, { options: { password_file: '/nowhere/password' } })).rejects.toThrow(
      '/nowhere/password',
    );
  });
});

describe('TLS', () => {
  test.each([
    ['from the first byte on', direct],
    ['after STARTTLS', startTls],
  ])('%s trusts the CA of these options only, even after others trusted it', async (_name, service) => {
    await send(ONCALL, { options: { service: service() } });
    const without = { service: service(), ca_file: undefined };
    await expect(send(ONCALL, { options: without })).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
    const other = {
      service: service(),
      ca_file: await folder.write('other.pem', serverCertificate([DOMAIN]).ca),
    };
    await expect(send(ONCALL, { options: other })).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
  });

  test('refuses a certificate of another name, at once or after STARTTLS', async () => {
    const ports = { startTls: await freePort(), tls: await freePort() };
    const wrong = serverCertificate(['other.test']);
    const ca_file = await folder.write('wrong-name.pem', wrong.ca);
    const misnamed = await makeProsody({ ...settings, ...wrong, ports });
    try {
      await misnamed.start();
      for (const service of [`xmpps://127.0.0.1:${ports.tls}`, `xmpp://127.0.0.1:${ports.startTls}`]) {
        const sending = send(ONCALL, { options: { service, ca_file } });
        await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
        await expect(sending).rejects.toThrow("does not match certificate's altnames");
      }
    } finally {
      await misnamed.remove();
    }
  });

  test('that is not offered: no login is tried and nothing is sent', async () => {
    const ports = { startTls: await freePort(), tls: await freePort() };
    const naked = await makeProsody({ ...settings, ports, encryption: false });
    try {
      await naked.start();
      const sending = send(ONCALL, { options: { service: `xmpp://127.0.0.1:${ports.startTls}` } });
      await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      await expect(sending).rejects.toThrow('no encryption');
    } finally {
      await naked.remove();
    }
  });
});

describe('when the server goes away', () => {
  test.each(['stop', 'kill'] as const)(
    'by %s, notices are NOTIFY_UNREACHABLE, and go through when it is back',
    async (how) => {
      await send(ROOM, { notice: { id: 'before' } });
      await prosody[how]();
      await expect(send(ROOM)).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      await prosody.start();
      const asleep = await reader('asleep');
      await send(`xmpp:asleep@${DOMAIN}`, { notice: { id: 'after' } });
      expect((await asleep.messages(1))[0]?.attrs.id).toBe('after');
      await send(ROOM, { notice: { id: 'after' } });
    },
  );

  test('without a word, a notice is given up with its signal, and close() does not wait for it', async () => {
    await send(ONCALL);
    prosody.hang();
    try {
      const startedMs = performance.now();
      await expect(send(ONCALL, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      expect(performance.now() - startedMs).toBeLessThan(1_200);
      await xmpp.close?.();
      expect(performance.now() - startedMs).toBeLessThan(4_000);
    } finally {
      await prosody.kill();
      await prosody.start();
    }
  });
});

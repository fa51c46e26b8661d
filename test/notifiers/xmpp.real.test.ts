import { describe, expect, test } from 'vitest';
import xmpp from '../../notifiers/xmpp.ts';
import { sampleNotice } from '../conformance/notifier.ts';
import { DOMAIN, ONCALL, XmppLab } from './xmpp-lab.ts';

const lab = new XmppLab();

describe('a message to one person', () => {
  test('arrives with subject, text and the id of the notice', async () => {
    const { url, read } = lab.person();
    const oncall = await read();
    await lab.send(url, { notice: { subject: 'web1 <failed> & größer', body: 'a\n\u001b[2Jb' } });
    const [message] = await oncall.messages(1);
    expect(message?.getChildText('body')).toBe('web1 <failed> & größer\na\n\uFFFD[2Jb');
    expect(message?.attrs.id).toBe(sampleNotice().id);
    expect(message?.attrs.type).toBe('chat');
  });

  test('goes over STARTTLS as well', async () => {
    const { url, read } = lab.person();
    const oncall = await read();
    await lab.send(url, { options: { service: lab.startTls } });
    expect(await oncall.messages(1)).toHaveLength(1);
  });

  test('who is not there now gets it later', async () => {
    const { url, read } = lab.person();
    await lab.send(url);
    expect(await (await read()).messages(1)).toHaveLength(1);
  });

  test('goes over the connection of the one before, and a burst arrives once each', async () => {
    const { url, read } = lab.person();
    const oncall = await read();
    await lab.send(url, { notice: { id: 'first' } });
    await Promise.all(Array.from({ length: 50 }, (_, n) => lab.send(url, { notice: { id: `burst-${n}` } })));
    const messages = await oncall.messages(51);
    expect(new Set(messages.map((message) => message.attrs.id)).size).toBe(51);
    expect(messages).toHaveLength(51);
    expect(new Set(messages.map((message) => message.attrs.from)).size).toBe(1);
  });

  test('is NOTIFY_REJECTED when there is no such person', async () => {
    await expect(lab.send(`xmpp:nobody@${DOMAIN}`)).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });

  test('is NOTIFY_REJECTED when the server does not speak to that domain', async () => {
    await expect(lab.send('xmpp:oncall@elsewhere.test')).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });
});

describe('a message to a room', () => {
  test('makes the room when it is new, and arrives', async () => {
    const room = lab.room();
    await lab.send(room.url, { notice: { id: 'one', subject: 'one' } });
    const oncall = await lab.person().read();
    await oncall.join(room.jid);
    await oncall.messages(1);
    await lab.send(room.url, { notice: { id: 'two', subject: 'two' } });
    const texts = (await oncall.messages(2)).map((message) => message.getChildText('body')?.split('\n')[0]);
    expect(texts).toEqual(['one', 'two']);
    expect((await oncall.messages(2))[1]?.attrs.from).toBe(`${room.jid}/muster`);
  });

  test('of a second controller comes under the next free name', async () => {
    const room = lab.room();
    await lab.send(room.url);
    const oncall = await lab.person().read();
    await oncall.join(room.jid);
    await oncall.messages(1);
    await lab.send(room.url, { options: { username: 'second' } });
    expect((await oncall.messages(2))[1]?.attrs.from).toBe(`${room.jid}/muster-2`);
  });

  test('many at a time join once and arrive once each', async () => {
    const room = lab.room();
    await lab.send(room.url, { notice: { id: 'zero' } });
    const oncall = await lab.person().read();
    await oncall.join(room.jid);
    await oncall.messages(1);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => lab.send(room.url, { notice: { id: `many-${n}`, body: `${n}` } })),
    );
    expect(new Set((await oncall.messages(21)).map((message) => message.attrs.id)).size).toBe(21);
  });

  test('is NOTIFY_REJECTED where no rooms are', async () => {
    await expect(lab.send(`xmpp:ops@${DOMAIN}?join`)).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
  });
});

describe('when the server goes away', () => {
  test.each(['stop', 'kill'] as const)(
    'by %s, notices are NOTIFY_UNREACHABLE, and go through when it is back',
    async (how) => {
      const room = lab.room();
      await lab.send(room.url, { notice: { id: 'before' } });
      await lab.prosody[how]();
      await expect(lab.send(room.url)).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      await lab.prosody.start();
      const { url, read } = lab.person();
      const oncall = await read();
      await lab.send(url, { notice: { id: 'after' } });
      expect((await oncall.messages(1))[0]?.attrs.id).toBe('after');
      await lab.send(room.url, { notice: { id: 'after' } });
    },
  );

  test('without a word, a notice is given up with its signal, and close() does not wait for it', async () => {
    await lab.send(ONCALL);
    lab.prosody.hang();
    try {
      const startedMs = performance.now();
      await expect(lab.send(ONCALL, { timeoutMs: 200 })).rejects.toMatchObject({
        code: 'NOTIFY_UNREACHABLE',
      });
      expect(performance.now() - startedMs).toBeLessThan(1_200);
      await xmpp.close?.();
      expect(performance.now() - startedMs).toBeLessThan(4_000);
    } finally {
      await lab.prosody.kill();
      await lab.prosody.start();
    }
  });
});

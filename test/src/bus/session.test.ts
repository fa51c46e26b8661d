import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectSession, type Session, type SessionOptions } from '../../../src/bus/session.ts';
import { type MiniBroker, startMiniBroker } from '../../kit/broker-mini.ts';

let broker: MiniBroker;
const sessions: Session[] = [];

beforeEach(async () => {
  broker = await startMiniBroker();
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close(100)));
  await broker.stop();
});

async function connect(options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = await connectSession({
    host: '127.0.0.1',
    port: broker.port,
    vhost: '/muster',
    ...options,
  });
  sessions.push(session);
  return session;
}

const toX = { id: 's1', destination: '/exchange/x/a', ack: 'auto' };

describe('one session at the broker', () => {
  it('sends the virtual host as host header, and login only when it has a password', async () => {
    await connect();
    await connect({ login: { user: 'hello', passcode: 'public' } });
    const [plain, withLogin] = broker.frames.filter((frame) => frame.command === 'CONNECT');
    expect(plain?.headers).toMatchObject({ host: '/muster', 'accept-version': '1.2' });
    expect(plain?.headers).not.toHaveProperty('login');
    expect(withLogin?.headers).toMatchObject({ login: 'hello', passcode: 'public' });
  });

  it('survives an ERROR frame while it connects, and tells the words of the broker', async () => {
    broker.faults.error = () => ({ message: 'Bad CONNECT', body: "Access refused for user 'x'\n" });
    await expect(connect()).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      message: "the broker says: Bad CONNECT: Access refused for user 'x'",
    });
  });

  it('survives an ERROR frame later, and ends with the words of the broker', async () => {
    const session = await connect();
    broker.faults.error = ({ command }) =>
      command === 'SEND' ? { message: 'access_refused', body: 'write refused' } : null;
    const sent = session.request('SEND', { destination: '/exchange/x/a' }, Buffer.from('a'));
    await expect(sent).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    expect(await session.closed).toMatchObject({ message: 'the broker says: access_refused: write refused' });
  });

  it('survives an ERROR frame whose body never comes', async () => {
    const session = await connect();
    broker.say('ERROR\nmessage:not_found\ncontent-type:text/plain\ncontent-length:50\n\nhalf');
    expect(await session.closed).toMatchObject({
      code: 'BROKER_REFUSED',
      message: 'the broker says: not_found',
    });
  });

  it('takes an ERROR of a broker that stops for an outage and not for a refusal', async () => {
    const session = await connect();
    broker.say('ERROR\nmessage:Connection to broker lost\n\n\0');
    expect(await session.closed).toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('gives up a broker that takes the connection and never says CONNECTED', async () => {
    broker.faults.mute = true;
    await expect(connect({ handshakeMs: 100 })).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('gives up a broker that never ends the TLS handshake', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const sockets: { destroy(): void }[] = [];
    mute.on('connection', (socket) => sockets.push(socket));
    await expect(connect({ port, tls: { ca: '' }, handshakeMs: 100 })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  it('notices a broker that has gone mute by its heart-beat', async () => {
    broker.faults.heartbeat = '50,50';
    const session = await connect({ heartbeatMs: 50 });
    expect(await session.closed).toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining('timed out'),
    });
  });

  it('beats itself, earlier than it promised', async () => {
    broker.faults.heartbeat = '0,200';
    await connect({ heartbeatMs: 200 });
    const connectFrame = broker.frames[0];
    expect(connectFrame?.headers['heart-beat']).toBe('200,200');
  });

  it('sends bodies with their length, so that a NUL does not cut them', async () => {
    const session = await connect();
    const received = new Promise<Buffer>((resolve) => session.onMessage('s1', ({ body }) => resolve(body)));
    await session.request('SUBSCRIBE', toX);
    await session.request('SEND', { destination: '/exchange/x/a' }, Buffer.from('a\0b'));
    expect((await received).toString()).toBe('a\0b');
    const send = broker.frames.find((frame) => frame.command === 'SEND');
    expect(send?.headers['content-length']).toBe(3);
  });

  it('takes header lines of more than 1,024 bytes', async () => {
    broker.faults.longHeaderBytes = 9000;
    const session = await connect();
    const received = new Promise<Buffer>((resolve) => session.onMessage('s1', ({ body }) => resolve(body)));
    await session.request('SUBSCRIBE', toX);
    broker.deliver('/exchange/x/a', Buffer.from('fits'));
    expect((await received).toString()).toBe('fits');
  });

  it('reads every body away, also of messages that nobody wants', async () => {
    const session = await connect();
    await session.request('SUBSCRIBE', toX);
    for (let i = 0; i < 5; i++) broker.deliver('/exchange/x/a', Buffer.alloc(100_000));
    // The receipt comes behind the messages: it would wait for ever behind an unread one.
    await session.request('SEND', { destination: '/exchange/x/b' }, Buffer.from('after'));
  });

  it('throws away a body that is too large, says so, and goes on', async () => {
    const session = await connect({ maxBodyBytes: 1000 });
    const sizes: (number | 'oversize')[] = [];
    session.onMessage('s1', ({ body, oversize }) => sizes.push(oversize ? 'oversize' : body.length));
    await session.request('SUBSCRIBE', toX);
    for (const size of [10, 5_000_000, 1000, 1001, 20]) broker.deliver('/exchange/x/a', Buffer.alloc(size));
    await session.request('SEND', { destination: '/exchange/x/b' });
    expect(sizes).toEqual([10, 'oversize', 1000, 'oversize', 20]);
  });

  it('rejects waiting receipts when the connection is lost, however it is lost', async () => {
    for (const how of ['fin', 'rst'] as const) {
      const session = await connect();
      broker.faults.noReceipts = true;
      const sent = session.request('SEND', { destination: '/exchange/x/a' }, Buffer.from('a'));
      setTimeout(() => broker.drop(how), 20);
      await expect(sent).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
      expect(session.alive).toBe(false);
      broker.faults.noReceipts = false;
    }
  });

  it('lets go of a broker that does not answer the good-bye', async () => {
    const session = await connect();
    broker.faults.mute = true;
    await session.close(50);
    expect(session.alive).toBe(false);
  });

  it('makes no noise about listeners with a thousand messages on their way', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const session = await connect();
    const sends = Array.from({ length: 1000 }, () =>
      session.request('SEND', { destination: '/exchange/x/a' }, Buffer.from('a')),
    );
    await Promise.all(sends);
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('puts a whole frame, and all frames of one turn, into one packet', async () => {
    const chunks: number[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        chunks.push(chunk.length);
        if (chunks.length === 1) socket.write('CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0');
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const session = await connect({
      port: typeof address === 'object' && address !== null ? address.port : 0,
    });
    for (let i = 0; i < 3; i++)
      session.request('SEND', { destination: '/exchange/x/a' }, Buffer.from('abc')).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(chunks).toHaveLength(2);
    await session.close(10);
    server.close();
  });
});

import { connect } from 'node:tls';
import type { TestBroker } from './broker.ts';
import { testPki } from './pki.ts';

/** Who speaks: the public login of user data, or the holder of a certificate. */
export type RawLogin = 'hello' | { readonly cert: string; readonly key: string };

/** One STOMP frame of a hostile client's own making. */
export interface RawFrame {
  readonly command: 'SUBSCRIBE' | 'SEND';
  readonly destination: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Says one frame on a connection of its own, past all that our client would not say. Gives `taken` when the broker
 * confirms it, else what it answers (`refused: …`). With `then`, the connection stays until that has been looked at.
 */
export async function rawStomp(
  broker: Pick<TestBroker, 'host' | 'port' | 'vhost'>,
  login: RawLogin,
  frame: RawFrame,
  then: () => Promise<void> = async () => undefined,
): Promise<string> {
  const ca = (await testPki()).ca.certificatePem;
  const { host, port, vhost } = broker;
  const socket = connect({ host, port, ca, ...(login === 'hello' ? {} : login) });
  try {
    const answers = answersOf(socket);
    const passcode = login === 'hello' ? { login: 'hello', passcode: 'hello' } : {};
    socket.write(frameOf('CONNECT', { 'accept-version': '1.2', host: vhost, ...passcode }));
    const welcome = await answers();
    if (!welcome.startsWith('CONNECTED')) return `refused: ${welcome}`;
    const { command, destination, headers = {} } = frame;
    const id: Record<string, string> = command === 'SUBSCRIBE' ? { id: '1', ack: 'auto' } : {};
    socket.write(frameOf(command, { destination, receipt: 'r', ...id, ...headers }));
    const answer = await answers();
    if (!answer.startsWith('RECEIPT')) return `refused: ${answer}`;
    await then();
    return 'taken';
  } finally {
    socket.destroy();
  }
}

function frameOf(command: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value.replaceAll(':', '\\c')}\n`);
  return `${command}\n${lines.join('')}\nx\0`.replace(/\nx\0$/, command === 'SEND' ? '\nx\0' : '\n\0');
}

/** The frames that come back, one a call; an end of the connection is one too. */
function answersOf(socket: ReturnType<typeof connect>): () => Promise<string> {
  const frames: string[] = [];
  const waiting: ((frame: string) => void)[] = [];
  let text = '';
  const push = (frame: string) => {
    const next = waiting.shift();
    if (next === undefined) frames.push(frame);
    else next(frame);
  };
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\0'); end >= 0; end = text.indexOf('\0')) {
      push(text.slice(0, end).trimStart());
      text = text.slice(end + 1);
    }
  });
  socket.on('error', (error) => push(`error ${error.message}`));
  socket.on('close', () => push('closed'));
  return () => {
    const frame = frames.shift();
    return frame === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(frame);
  };
}

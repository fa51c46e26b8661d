import { createConnection } from 'node:net';
import { ioError } from '../files.ts';

const TIMEOUT_MS = 5000;
const MAX_CHARS = 16 * 1024 * 1024;

/**
 * One command of HAProxy's stats socket and what it answers, without blank lines at its end. Whoever calls has checked that
 * the command has neither `;` nor a line feed in its names. Throws NODE_IO.
 */
export async function askHaproxy(socketPath: string, command: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createConnection({ path: socketPath });
  socket.setEncoding('utf8');
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  const stop = () => socket.destroy(new Error('given up'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let answer = '';
  socket.on('data', (chunk: string) => {
    answer += chunk;
    if (answer.length > MAX_CHARS) socket.destroy(new Error('the answer is too long'));
  });
  socket.on('error', (cause) => reject(ioError('ask HAProxy at', socketPath, cause)));
  // HAProxy closes when it has answered.
  socket.on('close', () => resolve(answer.trimEnd()));
  socket.on('connect', () => socket.write(`${command}\n`));
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

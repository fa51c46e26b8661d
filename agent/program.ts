import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { MusterError } from '../src/core/errors.ts';
import { isMissing } from './files.ts';

/** How a program of the node is to run. The command line is never a text: every argument is one argument. */
export interface ProgramOptions {
  /** Ends the program (its whole process group) with SIGKILL. */
  readonly signal?: AbortSignal;
  /** Longest time, in ms; then the program is killed. */
  readonly timeoutMs: number;
  /** The whole environment; a root login's by default, never the daemon's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder; `/` by default. */
  readonly cwd?: string;
  /** Given on standard input; nothing by default. */
  readonly input?: string;
  /** Most bytes kept of each of standard output and standard error; the rest is dropped. 1 MiB by default. */
  readonly maxBytes?: number;
}

/** What a program said, and how it ended. */
export interface ProgramEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** null when it was killed. */
  readonly exitcode: number | null;
  /** It was killed because its time was over or `signal` aborted. */
  readonly cut: boolean;
  /** It said more on standard output than was kept. */
  readonly truncated: boolean;
}

/** Environment of a root login: what programs of the system expect. */
export const ROOT_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/puppetlabs/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
} as const;

const MAX_BYTES = 1024 * 1024;
/** What a program has left behind keeps its output open: when the program has ended, what is on the way is still read for so long. */
const LET_GO_MS = 500;
/** Nobody waits for it any more: killed at once, it might have begun its work already. */
const NOT_BEGUN: ProgramEnd = { stdout: '', stderr: '', exitcode: null, cut: true, truncated: false };

/**
 * Runs a program to its end; a bad exit code is no error. What it leaves behind, in the background, is neither waited for nor killed,
 * but is not heard any more. It is not started when `signal` has aborted already. Throws NOT_FOUND when there is no such program,
 * NODE_IO when it cannot start. *Source:* Choria's external agents, which end with their process.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramEnd> {
  if (options.signal?.aborted === true) return NOT_BEGUN;
  const child = spawn(file, args, {
    cwd: options.cwd ?? '/',
    env: options.env ?? ROOT_ENV,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it started ends with it.
    detached: true,
  });
  const end = Promise.withResolvers<number | null>();
  child.on('error', (cause) => {
    const code = isMissing(cause) ? 'NOT_FOUND' : 'NODE_IO';
    end.reject(new MusterError(code, `${file} cannot be started: ${cause.message}`, { cause }));
  });
  // Without a process there may be no pipes either: the machine or the daemon has no more files to open.
  if (child.pid === undefined) await end.promise;
  let cut = false;
  const kill = (): void => {
    cut = true;
    killGroup(child.pid);
  };
  const timer = setTimeout(kill, options.timeoutMs);
  options.signal?.addEventListener('abort', kill, { once: true });
  const noMoreKill = (): void => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
  };
  const [stdout, stderr] = [collect(child.stdout, options.maxBytes), collect(child.stderr, options.maxBytes)];
  let letGo: NodeJS.Timeout | undefined;
  child.on('exit', () => {
    noMoreKill();
    // A loop that was held up has what was said before it, unread: that is read first.
    letGo = setTimeout(() => setImmediate(() => closeAll(child.stdout, child.stderr)), LET_GO_MS);
  });
  child.on('close', (code) => end.resolve(code));
  // A program that does not read its input is no fault.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  try {
    const exitcode = await end.promise;
    const truncated = stdout.truncated();
    return { stdout: stdout.text(), stderr: stderr.text(), exitcode, cut, truncated };
  } finally {
    clearTimeout(letGo);
    noMoreKill();
  }
}

function closeAll(...streams: readonly Readable[]): void {
  for (const stream of streams) stream.destroy();
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function collect(stream: Readable, maxBytes = MAX_BYTES): { text(): string; truncated(): boolean } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    // Not even a view of what is dropped: it would hold the whole chunk in memory.
    if (bytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), truncated: () => bytes > maxBytes };
}

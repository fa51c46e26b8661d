import { spawn } from 'node:child_process';
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
}

/** Environment of a root login: what programs of the system expect. */
export const ROOT_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/puppetlabs/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
} as const;

const MAX_BYTES = 1024 * 1024;
/** What left the group of a killed program keeps its output open: it is not waited for. */
const LET_GO_MS = 500;
/** Nobody waits for it any more: killed at once, it might have begun its work already. */
const NOT_BEGUN: ProgramEnd = { stdout: '', stderr: '', exitcode: null, cut: true };

/**
 * Runs a program to its end; a bad exit code is no error. It is not started when `signal` has aborted already. Throws NOT_FOUND when
 * there is no such program, NODE_IO when it cannot start.
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
    setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, LET_GO_MS).unref();
  };
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => collect(stream, options.maxBytes));
  child.on('close', (code) => end.resolve(code));
  // A program that does not read its input is no fault.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(kill, options.timeoutMs);
  options.signal?.addEventListener('abort', kill, { once: true });
  try {
    const exitcode = await end.promise;
    return { stdout: stdout?.() ?? '', stderr: stderr?.() ?? '', exitcode, cut };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function collect(stream: NodeJS.ReadableStream, maxBytes = MAX_BYTES): () => string {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, left));
    left = Math.max(0, left - chunk.length);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

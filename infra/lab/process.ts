import { type SpawnOptions, spawn } from 'node:child_process';
import { MusterError } from '../../src/core/errors.ts';

/** What a finished command left behind. `code` is null when a signal ended it. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Options of {@link run}: `input` goes to stdin; after `timeoutS` seconds the command gets SIGKILL. */
export interface RunOptions {
  input?: string;
  timeoutS?: number;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Runs `argv` to its end and gives code and output, whatever the code. Throws LAB_FAILED when it cannot start. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  const spawnOptions: SpawnOptions = {
    stdio: 'pipe',
    timeout: (options.timeoutS ?? 0) * 1000,
    killSignal: 'SIGKILL',
  };
  if (options.env !== undefined) spawnOptions.env = options.env;
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, spawnOptions);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {}); // the command may end without reading its input
    child.stdin?.end(options.input ?? '');
    child.on('error', (error) =>
      reject(new MusterError('LAB_FAILED', `cannot run ${command}`, { cause: error })),
    );
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** Like {@link run}, but a code other than 0 is LAB_FAILED with `what` and the last lines of the output. */
export async function runOk(
  what: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout;
  throw new MusterError('LAB_FAILED', `${what} failed (code ${result.code})`, {
    details: lastLines(`${result.stdout}\n${result.stderr}`, 15),
  });
}

/** The last `count` lines of `text` that are not empty. */
export function lastLines(text: string, count: number): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MusterError } from '../src/core/errors.ts';
import { readTail } from './files.ts';
import { type ProgramOptions, runProgram } from './program.ts';

/** The last of what a program said, and how it ended. */
export interface SpooledEnd {
  /** Standard output and error, at most 8 KB of their end, beginning with a whole line. */
  readonly output: string;
  /** null when it was killed. */
  readonly exitcode: number | null;
}

const MAX_OUTPUT_BYTES = 8192;
const DETAIL_LINES = 15;
/** Constant: file, program and arguments are positional parameters, so nothing of a message is ever read as shell. */
const SCRIPT = 'out=$1; shift; "$@" >"$out" 2>&1 </dev/null';

/**
 * Runs a program that may leave others behind, as the start of a service does or the set-up of a package. They keep its
 * output open, so it goes to a file: with a pipe its end would never be seen. Throws as `runProgram`; a program that is not
 * there ends with 127.
 */
export async function runSpooled(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<SpooledEnd> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-out-'));
  try {
    const path = join(dir, 'output');
    const { exitcode } = await runProgram('/bin/sh', ['-c', SCRIPT, 'muster', path, file, ...args], options);
    return { output: await readTail(path, MAX_OUTPUT_BYTES), exitcode };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** PROGRAM_FAILED with the last lines of output as details, when the exit code is not 0. */
export function expectGood(what: string, { output, exitcode }: SpooledEnd): void {
  if (exitcode === 0) return;
  const how = exitcode === null ? 'was killed, its time was over' : `ended with ${exitcode}`;
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const details = lines.slice(-DETAIL_LINES).map((line) => line.slice(0, 300));
  throw new MusterError('PROGRAM_FAILED', `${what} ${how}`, { details });
}

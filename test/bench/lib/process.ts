import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** What the kernel says of a process's memory, in MB (2^20 bytes). `pssMb` shares out what several processes map. */
export interface Memory {
  readonly rssMb: number;
  readonly pssMb: number;
  /** Its own pages alone: heap, stacks, what it wrote to. */
  readonly ownMb: number;
}

/** A program under measurement. */
export interface Measured {
  readonly pid: number;
  isAlive(): boolean;
  memory(): Memory;
  /** CPU time since it began, user and system, all threads, in ms. */
  cpuMs(): number;
  /** SIGTERM, SIGKILL after five seconds; fulfilled when it is gone. */
  stop(): Promise<void>;
}

let ticksPerS: number | undefined;

/** Starts a program with nothing but this environment and PATH. It ends with `stop()`, or with this process, however it ended. */
export function startMeasured(
  argv: readonly string[],
  own: { env?: NodeJS.ProcessEnv; logFile?: string } = {},
): Measured {
  const output = own.logFile === undefined ? 'ignore' : openSync(own.logFile, 'a');
  // setpriv becomes the program, so the pid is the program's own.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...own.env },
    stdio: ['ignore', output, output],
  });
  if (typeof output === 'number') closeSync(output);
  const { pid = 0 } = child;
  return {
    pid,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    memory: () => memoryOf(pid),
    cpuMs: () => cpuMsOf(pid),
    stop: () => stopped(child),
  };
}

/** *Source:* proc(5), `smaps_rollup`. */
function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { rssMb: mb('Rss'), pssMb: mb('Pss'), ownMb: mb('Private_Dirty') + mb('Private_Clean') };
}

/** *Source:* proc(5), `stat`, fields utime and stime; the second field may hold spaces and ends with the last bracket. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  ticksPerS ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerS;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(kill);
}

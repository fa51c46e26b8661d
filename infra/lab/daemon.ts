import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterError } from '../../src/core/errors.ts';
import { lastLines } from './process.ts';

/** How to run a long-lived program of the lab. */
export interface DaemonOptions {
  name: string;
  argv: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Its output is added to this file. */
  logPath: string;
}

/** A running program and all that it started. */
export interface Daemon {
  readonly pid: number;
  /** Settles with the exit code (null after a signal) when it ended. */
  readonly exited: Promise<number | null>;
  /** SIGTERM to its process group, SIGKILL after `graceS` seconds (at once for 0). Returns when it ended. */
  stop(graceS: number): Promise<void>;
}

/** Starts a program in a process group of its own. */
export function startDaemon(options: DaemonOptions): Daemon {
  const log = openSync(options.logPath, 'a', 0o600);
  const child = spawn(options.argv[0] ?? '', options.argv.slice(1), {
    stdio: ['ignore', log, log],
    detached: true,
    env: options.env ?? { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    cwd: options.cwd ?? '/',
  });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const pid = child.pid ?? 0;
  const stop = async (graceS: number) => {
    signalGroup(pid, graceS > 0 ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceS * 1000);
    await exited;
    clearTimeout(timer);
    signalGroup(pid, 'SIGKILL'); // what the leader left behind
  };
  return { pid, exited, stop };
}

/**
 * Waits until `probe` gives true. A probe that throws counts as not yet.
 * Throws LAB_FAILED with the last log lines when the program ends or `limitS` seconds pass.
 */
export async function waitReady(
  options: Pick<DaemonOptions, 'name' | 'logPath'>,
  daemon: Pick<Daemon, 'exited'>,
  probe: () => Promise<boolean>,
  limitS: number,
): Promise<void> {
  const endAtMs = performance.now() + limitS * 1000;
  const state = { ended: false };
  void daemon.exited.then(() => {
    state.ended = true;
  });
  while (!(await probe().catch(() => false))) {
    const why = state.ended ? 'ended' : performance.now() > endAtMs ? `was not ready within ${limitS} s` : '';
    if (why !== '') throw await failure(options, why);
    await sleep(100);
  }
}

async function failure(
  { name, logPath }: Pick<DaemonOptions, 'name' | 'logPath'>,
  why: string,
): Promise<MusterError> {
  const text = await readFile(logPath, 'utf8').catch(() => '');
  return new MusterError('LAB_FAILED', `${name} ${why}, see ${logPath}`, { details: lastLines(text, 15) });
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(-pid, name);
  } catch {
    // It ended in the meantime.
  }
}

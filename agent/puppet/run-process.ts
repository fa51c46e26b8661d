import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Log } from '../../src/core/log.ts';
import { readIfThere } from '../files.ts';
import { ROOT_ENV } from '../program.ts';
import { type ScriptInput, scriptArguments } from './run-script.ts';

/**
 * Starts the script of a run in a session of its own, so that neither the end of the daemon nor its signals reach it.
 * `over` is called when it has ended, or could not be started at all.
 */
export function startScript(input: ScriptInput, log: Log, over: () => void): void {
  const child = spawn('/bin/sh', scriptArguments(input), {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: ROOT_ENV,
  });
  child.on('error', (cause) => {
    log.error({ err: cause.message, dir: input.dir }, 'the Puppet run could not be started');
    over();
  });
  child.on('exit', over);
  child.unref();
}

/** Is the process of a `pid` file (`PID STARTTIME`) still the one that wrote it? */
export async function isAlive(pidLine: string): Promise<boolean> {
  const [pid, startTime] = pidLine.trim().split(' ');
  if (pid === undefined || startTime === undefined || !/^\d+$/.test(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in parentheses, may hold spaces; the 22nd field is the 20th after it. A zombie is no run.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === startTime && fields[0] !== 'Z';
}

/** Names this boot of the machine; empty where the kernel does not tell. */
export async function bootId(): Promise<string> {
  return ((await readIfThere('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { exists, readIfThere } from '../files.ts';
import { type PuppetPaths, puppetProgram } from './paths.ts';
import { PUPPET_ENV } from './run-process.ts';

/** What a program said, and its exit code. */
export interface ProgramEnd {
  readonly output: string;
  readonly exitcode: number;
}

const run = promisify(execFile);
const START_TIMEOUT_MS = 45_000;

/**
 * Leaves a resident Puppet agent behind: by its systemd unit (started and enabled) where systemd runs, else Puppet
 * itself goes into the background. Nothing happens when it is there. Throws PUPPET_MISSING.
 */
export async function startResident(
  puppet: PuppetPaths,
  systemdDir = '/run/systemd/system',
): Promise<ProgramEnd> {
  if (await exists(systemdDir)) return end('systemctl', ['enable', '--now', 'puppet.service']);
  const pid = await residentPid(puppet.pidFile);
  if (pid !== null) return { output: `runs already, pid ${pid}`, exitcode: 0 };
  return end(await puppetProgram(puppet), ['agent', '--color=false', ...puppet.options]);
}

/** Pid of the resident agent; a pid file whose process is gone or another program does not count. */
async function residentPid(pidFile: string): Promise<number | null> {
  const pid = Number.parseInt((await readIfThere(pidFile)) ?? '', 10);
  if (Number.isNaN(pid)) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes('puppet') ? pid : null;
}

async function end(program: string, args: readonly string[]): Promise<ProgramEnd> {
  try {
    const { stdout, stderr } = await run(program, args, {
      timeout: START_TIMEOUT_MS,
      env: PUPPET_ENV,
      cwd: '/',
    });
    return { output: `${stdout}${stderr}`, exitcode: 0 };
  } catch (cause) {
    const output = cause instanceof Error ? cause.message : String(cause);
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'number' ? cause.code : 1;
    return { output, exitcode: code };
  }
}

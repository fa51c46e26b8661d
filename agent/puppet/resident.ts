import { readFile } from 'node:fs/promises';
import { exists, readIfThere } from '../files.ts';
import { runProgram } from '../program.ts';
import { type PuppetPaths, puppetProgram } from './paths.ts';

/** What a program said, and its exit code. */
export interface ResidentEnd {
  readonly output: string;
  readonly exitcode: number;
}

const START_TIMEOUT_MS = 45_000;

/**
 * Leaves a resident Puppet agent behind: by its systemd unit (started and enabled) where systemd runs, else Puppet
 * itself goes into the background. Nothing happens when it is there. Throws PUPPET_MISSING.
 */
export async function startResident(
  puppet: PuppetPaths,
  systemdDir = '/run/systemd/system',
): Promise<ResidentEnd> {
  if (await exists(systemdDir)) return end('systemctl', ['enable', '--now', 'puppet.service']);
  const pid = await livePuppet(puppet.pidFile);
  if (pid !== null) return { output: `runs already, pid ${pid}`, exitcode: 0 };
  return end(await puppetProgram(puppet), ['agent', '--color=false', ...puppet.options]);
}

/** Pid in a pid or lock file of Puppet, else null; a file whose process is gone or another program does not count. */
export async function livePuppet(pidFile: string): Promise<number | null> {
  const pid = Number.parseInt((await readIfThere(pidFile)) ?? '', 10);
  if (Number.isNaN(pid)) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes('puppet') ? pid : null;
}

async function end(program: string, args: readonly string[]): Promise<ResidentEnd> {
  const { stdout, stderr, exitcode } = await runProgram(program, args, { timeoutMs: START_TIMEOUT_MS });
  return { output: `${stdout}${stderr}`, exitcode: exitcode ?? 1 };
}

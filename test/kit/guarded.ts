import { type ChildProcess, spawn } from 'node:child_process';

/**
 * A program whose whole process group ends when our end of a pipe closes: by {@link endGuard}, or because this process
 * is no more, however it ended. The folder goes too.
 */
export function guarded(dir: string, env: NodeJS.ProcessEnv, command: string[]): ChildProcess {
  const script =
    '"$@" </dev/null & cat >/dev/null; setsid sh -c \'sleep 1; rm -rf "$0"\' "$DIR" & kill -KILL 0';
  const options = {
    env: { ...env, DIR: dir },
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  } as const;
  return spawn('sh', ['-c', script, 'sh', ...command], { ...options, stdio: [...options.stdio] });
}

/** Closes the pipe; fulfilled when all is gone. */
export async function endGuard(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  if (child.exitCode === null && child.signalCode === null) await gone;
}

/** Ends the program and its guard at once; the folder stays. */
export async function killGroup(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  await gone;
}

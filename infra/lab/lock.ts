import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MusterError } from '../../src/core/errors.ts';
import { run } from './process.ts';

/** Runs `action` while this process alone holds `lockFile`, waiting for others. The file is made if missing. */
export async function withFileLock<T>(lockFile: string, action: () => Promise<T>): Promise<T> {
  // Node has no flock(2): flock(1) holds it for as long as the cat behind it has its input.
  const holder = spawn('flock', [lockFile, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'close');
  const [word] = await Promise.race([once(holder.stdout, 'data'), ended]);
  if (!Buffer.isBuffer(word)) throw new MusterError('LAB_FAILED', `cannot lock ${lockFile}`);
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** True while some process holds `lockFile`; false when the file is missing. */
export async function isLocked(lockFile: string): Promise<boolean> {
  const { code } = await run(['sh', '-c', '[ -e "$0" ] || exit 0; exec flock -n -E 75 "$0" true', lockFile]);
  return code === 75;
}

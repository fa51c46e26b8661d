import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterError } from '../../src/core/errors.ts';
import { readLabInfo } from './info.ts';
import { DEFAULT_STATE_DIR, type LabPaths, labPaths } from './layout.ts';
import { isLocked } from './lock.ts';
import { run } from './process.ts';

/** The kernel may keep a network for a minute after its last process, until the last socket has said good-bye. */
const LIMIT_S = 120;

/**
 * Ends the lab in `stateDir` and waits until nothing of it is left. Logs, mails and messages stay until the next
 * start. Returns false when none ran. Throws LAB_FAILED when something is left after two minutes.
 */
export async function labDown({
  stateDir = DEFAULT_STATE_DIR,
}: {
  stateDir?: string;
} = {}): Promise<boolean> {
  const paths = labPaths(stateDir);
  const info = await readLabInfo(paths);
  // A held lock says that the lab lives, so the process id cannot have passed to somebody else.
  const ran = await isLocked(paths.lock);
  if (ran) kill(Number(await readFile(paths.pid, 'utf8').catch(() => '0')));
  if (ran) await untilGone(paths, info?.hostAddress);
  for (const file of [paths.labJson, paths.pid, paths.controlSocket]) await rm(file, { force: true });
  return ran;
}

/** Waits until the last process of a killed lab and its network card are gone. Throws LAB_FAILED after two minutes. */
export async function untilGone(paths: LabPaths, hostAddress: string | undefined): Promise<void> {
  const endAtMs = performance.now() + LIMIT_S * 1000;
  const cardLeft = async () => hostAddress !== undefined && (await hasAddress(hostAddress));
  while ((await isLocked(paths.lock)) || (await cardLeft())) {
    if (performance.now() > endAtMs)
      throw new MusterError('LAB_FAILED', `the lab in ${paths.root} does not end`);
    await sleep(50);
  }
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}

async function hasAddress(address: string): Promise<boolean> {
  const { stdout } = await run(['ip', '-o', '-4', 'addr', 'show', 'to', address]);
  return stdout.trim() !== '';
}

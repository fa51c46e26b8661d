import { labClient } from './client.ts';
import type { LabStatusBody } from './control.ts';
import { type LabInfo, readLabInfo } from './info.ts';
import { DEFAULT_STATE_DIR, labPaths } from './layout.ts';
import { isLocked } from './lock.ts';

/** Whether a lab runs, and how it is. `starting`: it runs and does not answer yet. */
export type LabState =
  | { state: 'down' }
  | { state: 'starting' }
  | { state: 'running'; info: LabInfo; status: LabStatusBody };

/** How the lab in `stateDir` is. */
export async function labStatus({
  stateDir = DEFAULT_STATE_DIR,
}: {
  stateDir?: string;
} = {}): Promise<LabState> {
  const paths = labPaths(stateDir);
  if (!(await isLocked(paths.lock))) return { state: 'down' };
  const info = await readLabInfo(paths);
  if (info === undefined) return { state: 'starting' };
  return { state: 'running', info, status: await labClient(stateDir).status() };
}

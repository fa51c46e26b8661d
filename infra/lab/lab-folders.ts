import { mkdir, writeFile } from 'node:fs/promises';
import type { LabPaths } from './layout.ts';

/** Makes the folders that a lab writes to, root's alone, but for the mirror: that is public. */
export async function makeFolders(paths: LabPaths): Promise<void> {
  for (const dir of [paths.log, paths.disks, paths.pki, paths.mail]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  }
  await mkdir(paths.mirror, { recursive: true });
  await writeFile(paths.hosts, '127.0.0.1 localhost\n'); // the supervisor adds the rest
}

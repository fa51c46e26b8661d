import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file whole or not at all, synced to disk, with this mode from the first byte on. Without `replace`, an
 * existing file makes it throw the system's EEXIST.
 */
export async function writeWhole(
  path: string,
  text: string,
  options: { mode: number; replace: boolean },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', options.mode);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    if (options.replace) return await rename(temporary, path);
    await link(temporary, path);
  } finally {
    await file.close();
    await unlink(temporary).catch(() => undefined);
  }
}

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MusterError } from '../core/errors.ts';

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

/**
 * The text of a file that holds a private key. Throws CONFIG_INVALID, with the mode, when group or others may use the file,
 * and the system's error when it cannot be read.
 */
export async function readPrivate(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const mode = (await file.stat()).mode & 0o777;
    if ((mode & 0o077) === 0) return await file.readFile('utf8');
    const shown = mode.toString(8).padStart(4, '0');
    throw new MusterError(
      'CONFIG_INVALID',
      `${path} holds a private key and has mode ${shown}: others may read it; run chmod 0600 ${path}`,
    );
  } finally {
    await file.close();
  }
}

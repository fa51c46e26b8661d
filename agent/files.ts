import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MusterError } from '../src/core/errors.ts';

/** Mode and owner of a file that is written. Without an owner it belongs to the daemon's user. */
export interface FileLook {
  readonly mode: number;
  readonly owner?: Owner | undefined;
}

/** Numeric user and group. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What is another when a file was written again or is another one. Pure. */
export function stampOf({ size, mtimeMs, ino }: { size: number; mtimeMs: number; ino: number }): string {
  return `${size}:${mtimeMs}:${ino}`;
}

/**
 * Writes a file so that a reader, or a machine that loses power, sees the old content or the new and never a part:
 * temporary file beside it, fsync, rename, fsync of the folder. Throws NODE_IO.
 */
export async function writeAtomic(path: string, content: string | Uint8Array, look: FileLook): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
  try {
    await writeSynced(part, content, look);
    await renameOrCopy(part, path, content, look);
    await syncFolder(dirname(path));
  } catch (cause) {
    throw ioError('write', path, cause);
  } finally {
    await rm(part, { force: true }).catch(() => undefined);
  }
}

/** The text of a file, or null when there is none. Throws NODE_IO when it is there and cannot be read. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw ioError('read', path, cause);
  }
}

/**
 * As {@link readIfThere}, at once: for small files of the machine's own disk that every request asks for. A thread to wait
 * for, and an error for a file that is not there, would cost ten times as much. Throws NODE_IO.
 */
export function readIfThereNow(path: string): string | null {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    return there === undefined ? null : readFileSync(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw ioError('read', path, cause);
  }
}

/** The last lines of a file, at most `maxBytes`, beginning with a whole line; empty when it cannot be read. */
export async function readTail(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - maxBytes);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(maxBytes), position: from });
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** Does the path exist? Whatever cannot be looked at counts as missing. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** True for the error of a file or folder that is not there. */
export function isMissing(cause: unknown): boolean {
  const code = systemCode(cause);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The system's error name, e.g. `EACCES`, or the empty string. */
export function systemCode(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  return typeof code === 'string' ? code : '';
}

/** NODE_IO that names the verb and the path. */
export function ioError(verb: string, path: string, cause: unknown): MusterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MusterError('NODE_IO', `cannot ${verb} ${path}: ${why}`, { cause });
}

async function writeSynced(path: string, content: string | Uint8Array, look: FileLook): Promise<void> {
  const file = await open(path, 'wx', look.mode);
  try {
    await file.writeFile(content);
    await applyLook(file, look);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** umask may have taken bits from the mode that open() was given. */
async function applyLook(file: FileHandle, look: FileLook): Promise<void> {
  await file.chmod(look.mode);
  if (look.owner !== undefined && process.getuid?.() === 0) await file.chown(look.owner.uid, look.owner.gid);
}

/** In a container /etc/hosts may be a mount of one file, over which nothing can be renamed: then it is written in place. */
async function renameOrCopy(
  part: string,
  path: string,
  content: string | Uint8Array,
  look: FileLook,
): Promise<void> {
  try {
    await rename(part, path);
  } catch (cause) {
    if (systemCode(cause) !== 'EBUSY') throw cause;
    const file = await open(path, 'w', look.mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

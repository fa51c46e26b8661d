import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MusterError } from '../src/core/errors.ts';
import { ioError } from './files.ts';

/** Kind of a file, in MCollective's words. */
export const FILE_TYPES = [
  'file',
  'directory',
  'symlink',
  'socket',
  'chardev',
  'blockdev',
  'fifo',
  'unknown',
] as const;

/** What a file is, without its content. Times are UTC; `_seconds` since the epoch, `_age` before now. */
export interface FileLook {
  readonly size: number;
  /** Octal, type included: `100644`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly type: (typeof FILE_TYPES)[number];
  readonly mtime: string;
  readonly ctime: string;
  readonly atime: string;
  readonly mtime_seconds: number;
  readonly ctime_seconds: number;
  readonly atime_seconds: number;
  readonly mtime_age: number;
  readonly ctime_age: number;
  readonly atime_age: number;
}

/** Digests of a file's content, hex. */
export interface Digests {
  readonly md5: string;
  readonly sha256: string;
}

/** The look of a file from its stat. Pure. *Source:* MCollective's fstat data plug-in. */
export function lookOf(stats: Stats, nowMs: number): FileLook {
  const { size, uid, gid, mode } = stats;
  const [mtime_seconds, ctime_seconds, atime_seconds] = [
    Math.floor(stats.mtimeMs / 1000),
    Math.floor(stats.ctimeMs / 1000),
    Math.floor(stats.atimeMs / 1000),
  ];
  const nowS = Math.floor(nowMs / 1000);
  return {
    ...{ size, uid, gid, mode: mode.toString(8), type: typeOf(stats) },
    ...{ mtime: utc(mtime_seconds), ctime: utc(ctime_seconds), atime: utc(atime_seconds) },
    ...{ mtime_seconds, ctime_seconds, atime_seconds },
    mtime_age: nowS - mtime_seconds,
    ctime_age: nowS - ctime_seconds,
    atime_age: nowS - atime_seconds,
  };
}

/**
 * Opens a regular file to read, and nothing else: a symbolic link is not followed, a FIFO does not block, a device is not
 * touched by more than an open. Throws NODE_IO, CONFLICT when it is no regular file.
 */
export async function openRegular(path: string, shown = path): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY).catch((cause: unknown) => {
    throw ioError('read', shown, cause);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new MusterError('CONFLICT', `${shown} is no regular file`);
}

/** Reads a file to its end. `null` when it holds more than `maxBytes`. Throws NODE_IO, or the reason of `signal`. */
export async function digestOf(
  file: FileHandle,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Digests | null> {
  if ((await file.stat()).size > maxBytes) return null;
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let read = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, read);
    if (bytesRead === 0) return { md5: md5.digest('hex'), sha256: sha256.digest('hex') };
    read += bytesRead;
    // It may grow while it is read.
    if (read > maxBytes) return null;
    md5.update(buffer.subarray(0, bytesRead));
    sha256.update(buffer.subarray(0, bytesRead));
  }
}

function typeOf(stats: Stats): FileLook['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isSocket()) return 'socket';
  if (stats.isCharacterDevice()) return 'chardev';
  if (stats.isBlockDevice()) return 'blockdev';
  return stats.isFIFO() ? 'fifo' : 'unknown';
}

function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { ioError, isMissing } from '../files.ts';

/** A place in the file system that the node's config allows. Its folder is held open: nobody can move it to another meanwhile. */
export interface AllowedFile extends AsyncDisposable {
  /** For people: symbolic links resolved. */
  readonly path: string;
  /** For system calls: the name within the open folder. The last part may still be a symbolic link: open with O_NOFOLLOW. */
  readonly at: string;
  /** null when it is not there. A symbolic link is not followed. Throws NODE_IO. */
  look(): Promise<Stats | null>;
}

/**
 * Finds the file, which need not exist, and opens its folder. Symbolic links are followed only as long as they stay within
 * the allowed places. Throws RPC_DENIED, the same for files that are there and that are not; NOT_FOUND without a folder;
 * NODE_IO.
 */
export async function openAllowed(
  path: string,
  places: readonly string[],
  setting: string,
): Promise<AllowedFile> {
  const denied = () =>
    new MusterError(
      'RPC_DENIED',
      `${path} is in none of the places that this node allows: see its setting ${setting}`,
    );
  const roots = await realRoots(places);
  if (!isWithin(path, [...places, ...roots])) throw denied();
  const real = await realOf(path);
  if (!isWithin(real, roots)) throw denied();
  const folder = await openFolder(dirname(real));
  // Where the open folder really is, whatever happened to its path since.
  const here = await readlink(`/proc/self/fd/${folder.fd}`).catch(() => '');
  if (here !== dirname(real)) {
    await folder.close();
    throw denied();
  }
  const at = `/proc/self/fd/${folder.fd}/${basename(real)}`;
  return {
    path: real,
    at,
    look: () =>
      lstat(at).catch((cause: unknown) => {
        if (isMissing(cause)) return null;
        throw ioError('look at', real, cause);
      }),
    [Symbol.asyncDispose]: () => folder.close(),
  };
}

function isWithin(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`));
}

/** Places that are not there allow nothing. */
async function realRoots(places: readonly string[]): Promise<string[]> {
  const found = await Promise.all(places.map((place) => realpath(place).catch(() => null)));
  return found.filter((place) => place !== null);
}

/** Of a file that is not there, the folder counts. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (!isMissing(cause)) throw ioError('look at', path, cause);
  }
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (cause) {
    if (isMissing(cause))
      throw new MusterError('NOT_FOUND', `there is no folder ${dirname(path)}`, { cause });
    throw ioError('look at', path, cause);
  }
}

async function openFolder(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((cause: unknown) => {
    throw ioError('open', path, cause);
  });
}

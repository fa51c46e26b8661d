import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { ioError } from '../files.ts';

/** A file as it was looked at. */
export interface TrustedFile {
  /** Changes whenever content, owner or permissions of the file do, and when another takes its place. */
  readonly signature: string;
  /** When it was last changed in any way, in ms since the epoch. No tool can set this time back. */
  readonly changedAtMs: number;
  readonly executable: boolean;
}

interface Look {
  readonly uid: number;
  readonly mode: number;
}

const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;
const MAX_LINKS = 10;

/**
 * Looks at a file whose content will be run as the daemon: it, every folder above it, and every symbolic link on the way must
 * belong to root or to the daemon's user, and nobody else may write there. Throws NODE_IO, SECURITY_REJECTED that names the path.
 */
export async function lookTrusted(path: string): Promise<TrustedFile> {
  try {
    const file = await followLinks(resolve(path));
    const found = await stat(file, { bigint: true });
    // A FIFO would be waited for.
    if (!found.isFile()) throw new MusterError('NODE_IO', `${path} is no regular file`);
    mustBeOurs(file, { uid: Number(found.uid), mode: Number(found.mode) });
    const { dev, ino, size, mode, uid, mtimeNs, ctimeNs, ctimeMs } = found;
    return {
      signature: [file, dev, ino, size, mode, uid, mtimeNs, ctimeNs].join(':'),
      changedAtMs: Number(ctimeMs),
      executable: (Number(mode) & 0o111) !== 0,
    };
  } catch (cause) {
    throw cause instanceof MusterError ? cause : ioError('look at', path, cause);
  }
}

/** The file at the end of all links; the folders of each are looked at. */
async function followLinks(path: string): Promise<string> {
  let file = path;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const folder = await realpath(dirname(file));
    await mustBeOursUpwards(folder);
    if (!(await lstat(file)).isSymbolicLink()) return file;
    file = resolve(folder, await readlink(file));
  }
  throw new MusterError('NODE_IO', `${path}: more than ${MAX_LINKS} symbolic links`);
}

async function mustBeOursUpwards(folder: string): Promise<void> {
  const look = await stat(folder);
  // In a folder such as /tmp nobody can take away what belongs to another.
  mustBeOurs(folder, (look.mode & STICKY) === 0 ? look : { ...look, mode: 0 });
  if (dirname(folder) !== folder) await mustBeOursUpwards(dirname(folder));
}

function mustBeOurs(path: string, { uid, mode }: Look): void {
  const refuse = (why: string) => new MusterError('SECURITY_REJECTED', `${path} ${why}`);
  if (uid !== 0 && uid !== process.getuid?.())
    throw refuse(`belongs to user ${uid}, expected root or the user of the daemon`);
  if ((mode & OTHERS_MAY_WRITE) !== 0) throw refuse('can be written by others (chmod go-w)');
}

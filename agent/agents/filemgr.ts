import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Agent } from '../../src/core/agent.ts';
import { MusterError } from '../../src/core/errors.ts';
import { pathList, settingsOf } from '../declared-settings.ts';
import { digestOf, lookOf, openRegular } from '../file-look.ts';
import { type AllowedFile, openAllowed } from '../filemgr/allowed.ts';
import { tailOf } from '../filemgr/tail.ts';
import { ioError, systemCode } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { FilemgrSettings, filemgr } from './filemgr.ddl.ts';

const NEW_FILE_MODE = 0o644;

/** Files, only where the config lists places. There is no removal. *Source:* MCollective's filemgr agent. */
const agent: Agent<typeof filemgr, AgentHost> = {
  ddl: filemgr,
  activate: async (host) => placesOf(host).readable.length > 0,
  actions: {
    async status({ file }, _request, host) {
      await using found = await toRead(file, host);
      const stats = await found.look();
      if (stats === null) return { name: found.path, present: false };
      const { type, size, mode, uid, gid, mtime, ctime, atime, mtime_age } = lookOf(
        stats,
        host.clock.nowMs(),
      );
      return { name: found.path, present: true, type, size, mode, uid, gid, mtime, ctime, atime, mtime_age };
    },

    async md5({ file }, request, host) {
      await using found = await toRead(file, host);
      await using handle = await openRegular(found.at, found.path);
      const { maxDigestMb } = placesOf(host);
      const digests = await digestOf(handle, maxDigestMb * 1_000_000, request.signal);
      if (digests === null)
        throw new MusterError(
          'CONFLICT',
          `${found.path} is larger than filemgr.max_digest_mb, ${maxDigestMb} MB`,
        );
      return { ...digests, size: (await handle.stat()).size };
    },

    async tail({ file, lines }, _request, host) {
      await using found = await toRead(file, host);
      await using handle = await openRegular(found.at, found.path);
      // Awaited here: the file is closed at the end of this block.
      return await tailOf(handle, lines);
    },

    async touch({ file }, _request, host) {
      await using found = await openAllowed(file, placesOf(host).writable, 'filemgr.write_paths');
      const { handle, created } = await openToTouch(found);
      await using _closed = handle;
      if (!(await handle.stat()).isFile())
        throw new MusterError('CONFLICT', `${found.path} is no regular file`);
      const now = new Date(host.clock.nowMs());
      await handle.utimes(now, now);
      return { created };
    },
  },
};

/** Files in the places that a node allows. */
export default agent;

function placesOf({ config }: AgentHost): { readable: string[]; writable: string[]; maxDigestMb: number } {
  const { paths, write_paths, max_digest_mb } = settingsOf('filemgr', FilemgrSettings, config);
  const writable = pathList(write_paths);
  return { readable: [...pathList(paths), ...writable], writable, maxDigestMb: max_digest_mb };
}

function toRead(file: string, host: AgentHost): Promise<AllowedFile> {
  return openAllowed(file, placesOf(host).readable, 'filemgr.paths');
}

/** Never through a symbolic link, and without waiting for the reader of a FIFO. Throws NODE_IO. */
async function openToTouch({ at, path }: AllowedFile): Promise<{ handle: FileHandle; created: boolean }> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
  try {
    return { handle: await open(at, flags | O_CREAT | O_EXCL, NEW_FILE_MODE), created: true };
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw ioError('create', path, cause);
  }
  const handle = await open(at, flags).catch((cause: unknown) => {
    throw ioError('touch', path, cause);
  });
  return { handle, created: false };
}

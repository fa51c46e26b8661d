import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { DataPlugin } from '../../src/core/data.ts';
import { asMusterError } from '../../src/core/errors.ts';
import { settingsOf } from '../declared-settings.ts';
import { digestOf, lookOf, openRegular } from '../file-look.ts';
import { ioError, isMissing } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { FstatSettings, fstat } from './fstat.ddl.ts';

const ALL_MAY_READ = 0o004;
const NOTHING = {
  ...{ size: 0, mode: '0000', md5: '', sha256: '', uid: 0, gid: 0, type: 'unknown' },
  ...{ mtime: '', ctime: '', atime: '' },
  ...{ mtime_seconds: 0, ctime_seconds: 0, atime_seconds: 0, mtime_age: 0, ctime_age: 0, atime_age: 0 },
};

/** What a file is. Throws NODE_IO when that cannot be seen, CONFIG_INVALID when a setting is wrong. */
const plugin: DataPlugin<typeof fstat, Pick<AgentHost, 'config' | 'clock'>> = {
  ddl: fstat,
  activate: async () => true,
  async query(query, { config, clock }, signal) {
    const name = query ?? '';
    const stats = await statsOf(name);
    if (stats === null) return { name, ...NOTHING, output: 'not present', present: 0 };
    const digests = await digestsOrWhy(name, stats, settingsOf('fstat', FstatSettings, config), signal);
    return { name, present: 1, ...lookOf(stats, clock.nowMs()), ...digests };
  },
};

/** Files in filters. */
export default plugin;

async function statsOf(path: string): Promise<Stats | null> {
  return lstat(path).catch((cause: unknown) => {
    if (isMissing(cause)) return null;
    throw ioError('look at', path, cause);
  });
}

/** Digests, or the reason why there are none. */
async function digestsOrWhy(
  path: string,
  stats: Stats,
  { max_digest_mb, digest_private }: { readonly max_digest_mb: number; readonly digest_private: boolean },
  signal: AbortSignal,
): Promise<{ md5: string; sha256: string; output: string }> {
  const none = (why: string) => ({
    md5: '',
    sha256: '',
    output: why === '' ? 'present' : `present; no digest: ${why}`,
  });
  if (!stats.isFile()) return none('');
  const isPrivate = ({ mode }: Stats) => !digest_private && (mode & ALL_MAY_READ) === 0;
  const ofPrivate = none('not everybody may read it');
  if (isPrivate(stats)) return ofPrivate;
  try {
    await using file = await openRegular(path);
    // Another file may have taken its place since, behind a folder that was made a link.
    if (isPrivate(await file.stat())) return ofPrivate;
    const digests = await digestOf(file, max_digest_mb * 1_000_000, signal);
    return digests === null ? none(`larger than ${max_digest_mb} MB`) : { ...digests, output: 'present' };
  } catch (cause) {
    signal.throwIfAborted();
    return none(asMusterError(cause).message);
  }
}

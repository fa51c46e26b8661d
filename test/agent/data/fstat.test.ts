import { execFileSync } from 'node:child_process';
import { chmod, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fstat } from '../../../agent/data/fstat.ddl.ts';
import plugin from '../../../agent/data/fstat.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { DaemonConfig } from '../../../src/core/config/daemon.ts';
import { tempDir } from '../temp.ts';

const hostWith = (settings: Record<string, string> = {}) => ({
  clock: systemClock,
  config: DaemonConfig.parse({ broker: { host: 'b' }, settings }),
});
const { signal } = new AbortController();
const look = (path: string, settings: Record<string, string> = {}) =>
  plugin.query(path, hostWith(settings), signal);

async function aFile(text = 'hello\n', mode = 0o644): Promise<string> {
  const path = join(await tempDir(), 'file');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe('fstat', () => {
  test('tells of a file what stat, md5sum and sha256sum tell', async () => {
    const path = await aFile();
    const at = 1_700_000_000;
    await utimes(path, at, at);
    const clock = { ...systemClock, nowMs: () => (at + 60) * 1000 };
    const found = await plugin.query(path, { ...hostWith(), clock }, signal);
    const stat = execFileSync('stat', ['-c', '%s %u %g %Y %Z', path], { encoding: 'utf8' }).trim();
    const { size, uid, gid, mtime_seconds, ctime_seconds } = found;
    expect([size, uid, gid, mtime_seconds, ctime_seconds].join(' ')).toBe(stat);
    expect(found).toMatchObject({
      ...{ name: path, output: 'present', present: 1, mode: '100644', type: 'file' },
      ...{ mtime: '2023-11-14T22:13:20Z', atime_seconds: at },
      md5: execFileSync('md5sum', [path], { encoding: 'utf8' }).slice(0, 32),
      sha256: execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64),
    });
    expect(found.mtime_age).toBe(60);
    expect(found.atime_age).toBe(60);
    expect(fstat.output.safeParse(found).error).toBeUndefined();
  });

  test('tells that there is none', async () => {
    const found = await look('/no/such/file');
    expect(found).toMatchObject({
      output: 'not present',
      present: 0,
      size: 0,
      mode: '0000',
      type: 'unknown',
    });
    expect(fstat.output.safeParse(found).error).toBeUndefined();
  });

  test('looks at links, FIFOs, folders and devices, and opens none of them', async () => {
    const dir = await tempDir();
    await symlink('/dev/zero', join(dir, 'link'));
    execFileSync('mkfifo', [join(dir, 'fifo')]);
    const types = [];
    for (const path of [join(dir, 'link'), join(dir, 'fifo'), dir, '/dev/zero']) {
      const { type, md5, output } = await look(path);
      types.push([type, md5, output]);
    }
    expect(types.map(([type]) => type)).toEqual(['symlink', 'fifo', 'directory', 'chardev']);
    expect(types.every(([, md5, output]) => md5 === '' && output === 'present')).toBe(true);
  });

  test('makes no digest of a large file, nor of one that not everybody may read, and says why', async () => {
    const large = await aFile('x'.repeat(2000));
    expect(await look(large, { 'fstat.max_digest_mb': '0.001' })).toMatchObject({
      ...{ present: 1, size: 2000, md5: '', sha256: '' },
      output: 'present; no digest: larger than 0.001 MB',
    });
    const secret = await aFile('pin 1234', 0o640);
    expect(await look(secret)).toMatchObject({
      md5: '',
      output: 'present; no digest: not everybody may read it',
    });
    expect((await look(secret, { 'fstat.digest_private': 'true' })).sha256).toHaveLength(64);
  });

  test('ends when it is given up', async () => {
    const path = await aFile();
    await expect(plugin.query(path, hostWith(), AbortSignal.abort())).rejects.toThrow('aborted');
  });

  test('takes an absolute path only', () => {
    const fits = (path: string) => fstat.query?.safeParse(path).success;
    expect(['/etc/hosts', '/srv/a b'].every(fits)).toBe(true);
    expect(['etc/hosts', '', '/a\nb', '/a\0b', `/${'a'.repeat(1024)}`].some(fits)).toBe(false);
  });

  test('with a wrong setting says which', async () => {
    await expect(look('/etc/hosts', { 'fstat.max_digest_mb': 'many' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('\'max_digest_mb\' is "many"'),
    });
  });
});

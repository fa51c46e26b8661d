import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import agent from '../../../agent/agents/filemgr.ts';
import { openAllowed } from '../../../agent/filemgr/allowed.ts';
import { aNode, request } from '../host.ts';
import { tempDir } from '../temp.ts';

const { actions, ddl } = agent;

/** A node that allows `logs` to be read and `flags` to be written; `secret` is beside them. */
async function scene() {
  const { dir, host } = await aNode();
  for (const name of ['logs', 'flags', 'secret']) await mkdir(join(dir, name));
  await writeFile(join(dir, 'secret', 'key'), 'hush');
  await writeFile(join(dir, 'logs', 'app.log'), 'one\ntwo\nthree\n');
  host.config.settings['filemgr.paths'] = join(dir, 'logs');
  host.config.settings['filemgr.write_paths'] = join(dir, 'flags');
  const path = (name: string) => join(dir, name);
  return {
    path,
    host,
    status: (name: string) => actions.status({ file: path(name) }, request, host),
    md5: (name: string) => actions.md5({ file: path(name) }, request, host),
    tail: (name: string, lines = 10) => actions.tail({ file: path(name), lines }, request, host),
    touch: (name: string) => actions.touch({ file: path(name) }, request, host),
  };
}

const denied = { code: 'RPC_DENIED' };

describe('filemgr', () => {
  test('is not served until the config lists a place', async () => {
    const { host } = await aNode();
    expect(await agent.activate(host)).toBe(false);
    host.config.settings['filemgr.paths'] = '/var/log:/srv/app';
    expect(await agent.activate(host)).toBe(true);
    host.config.settings['filemgr.paths'] = 'var/log';
    await expect(agent.activate(host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('tells what a file is, and that there is none', async () => {
    const { status, path } = await scene();
    expect(await status('logs/app.log')).toMatchObject({
      ...{ name: path('logs/app.log'), present: true, type: 'file', size: 14, mode: '100644' },
    });
    expect(await status('logs')).toMatchObject({ type: 'directory' });
    expect(await status('logs/none')).toEqual({ name: path('logs/none'), present: false });
    await expect(status('logs/none/deeper')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('makes digests as md5sum and sha256sum do, up to a size', async () => {
    const { md5, path, host } = await scene();
    const by = (tool: string) =>
      execFileSync(tool, [path('logs/app.log')], { encoding: 'utf8' }).split(' ')[0];
    expect(await md5('logs/app.log')).toEqual({ md5: by('md5sum'), sha256: by('sha256sum'), size: 14 });
    host.config.settings['filemgr.max_digest_mb'] = '0.00001';
    await expect(md5('logs/app.log')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('gives the last lines', async () => {
    const { tail, path } = await scene();
    expect(await tail('logs/app.log', 2)).toEqual({ lines: ['two', 'three'], cut: false, size: 14 });
    expect((await tail('logs/app.log')).lines).toEqual(['one', 'two', 'three']);
    await writeFile(path('logs/app.log'), '');
    expect(await tail('logs/app.log')).toEqual({ lines: [], cut: false, size: 0 });
  });

  test('gives of a long file whole lines from its end, without secrets and without steering the terminal', async () => {
    const { tail, path } = await scene();
    const token = `eyJhbGciOiJub25lIn0.${'a'.repeat(40)}.x`;
    const text = `${'early line\n'.repeat(10_000)}\x1b[2Jlogin ${token}\n${'y'.repeat(5000)}\nno end`;
    await writeFile(path('logs/big'), text);
    const { lines, cut } = await tail('logs/big', 3);
    expect(lines[0]).toMatch(/^\?\[2Jlogin \[signed token, sha256 [0-9a-f]+\]$/);
    expect([lines[1]?.length, lines[2], cut]).toEqual([1000, 'no end', false]);
    await writeFile(path('logs/wide'), `${'z'.repeat(30_000)}\n`.repeat(5));
    expect(await tail('logs/wide', 500)).toMatchObject({ cut: true, lines: { length: 2 } });
  });

  test('touches and creates where it may write, and never changes a content', async () => {
    const { touch, path } = await scene();
    expect(await touch('flags/new')).toEqual({ created: true });
    await writeFile(path('flags/old'), 'kept');
    execFileSync('touch', ['-d', '2001-01-01', path('flags/old')]);
    expect(await touch('flags/old')).toEqual({ created: false });
    expect(await readFile(path('flags/old'), 'utf8')).toBe('kept');
    expect(Date.now() - (await stat(path('flags/old'))).mtimeMs).toBeLessThan(60_000);
    await expect(touch('logs/app.log')).rejects.toMatchObject(denied);
  });
});

describe('a place that is not listed', () => {
  test('is denied in the same words whether something is there or not', async () => {
    const { status, tail, md5, touch, path } = await scene();
    const words = async (asked: Promise<unknown>) => asked.then(String, (error: Error) => error.message);
    const there = await words(status('secret/key'));
    expect(there).toBe(
      `${path('secret/key')} is in none of the places that this node allows: see its setting filemgr.paths`,
    );
    expect(await words(status('secret/none'))).toBe(there.replace('key', 'none'));
    for (const ask of [tail, md5, touch]) await expect(ask('secret/key')).rejects.toMatchObject(denied);
    await expect(status('logs-too')).rejects.toMatchObject(denied);
  });

  test('is not reached by a symbolic link, in whatever part of the path; links within are followed', async () => {
    const { status, tail, touch, path } = await scene();
    await symlink(path('secret/key'), path('logs/file-link'));
    await symlink(path('secret'), path('logs/folder-link'));
    await symlink(path('secret/new'), path('flags/dangling'));
    await symlink('app.log', path('logs/current'));
    await expect(tail('logs/file-link')).rejects.toMatchObject(denied);
    await expect(tail('logs/folder-link/key')).rejects.toMatchObject(denied);
    await expect(touch('flags/dangling')).rejects.toMatchObject({ code: 'NODE_IO' });
    await expect(stat(path('secret/new'))).rejects.toThrow('ENOENT');
    expect(await status('flags/dangling')).toMatchObject({ type: 'symlink' });
    expect((await tail('logs/current')).lines).toEqual(['one', 'two', 'three']);
  });

  test('is not reached by a folder that is swapped between the look and the open', async () => {
    const { path } = await scene();
    await using found = await openAllowed(path('logs/app.log'), [path('logs')], 'x');
    await rename(path('logs'), path('logs.away'));
    await symlink(path('secret'), path('logs'));
    expect(await readFile(found.at, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  test.each(['relative', '/a/../b', '/a/./b', '/a//b', '/', '/a/', '/a\0b', '/a\nb', `/${'a'.repeat(1024)}`])(
    'a path like %j is no input',
    (file) => {
      expect(ddl.actions.status.input.safeParse({ file }).success).toBe(false);
      expect(ddl.actions.status.input.safeParse({ file: '/a/.b/..c/d' }).success).toBe(true);
    },
  );
});

test('a FIFO or a folder is neither read nor touched, and does not hang', async () => {
  const { tail, md5, touch, path } = await scene();
  execFileSync('mkfifo', [path('flags/fifo')]);
  await mkdir(path('flags/folder'));
  for (const name of ['flags/fifo', 'flags/folder'])
    for (const ask of [tail, md5, touch])
      await expect(ask(name)).rejects.toMatchObject({ code: expect.stringMatching(/CONFLICT|NODE_IO/) });
});

test('a listed place that is not there has nothing in it, and there nothing else is found', async () => {
  const dir = await tempDir();
  const places = [join(dir, 'a')];
  await expect(openAllowed(join(dir, 'a/b'), places, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(openAllowed(join(dir, 'a'), places, 'x')).rejects.toMatchObject(denied);
});

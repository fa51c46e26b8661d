import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFactFiles } from '../../../agent/facts/files.ts';
import { parseFacts } from '../../../agent/facts/parse.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { linesOf } from '../../kit/lines.ts';
import { tempDir } from '../temp.ts';

async function aFolder() {
  const dir = join(await tempDir(), 'facts.d');
  await mkdir(dir);
  const { stream, lines } = linesOf();
  const read = createFactFiles({ dir, files: [], log: createLog({ level: 'info', name: 'test', stream }) });
  return { dir, lines, read };
}

test('a file that breaks keeps its last good values and is named once, until it is mended', async () => {
  const { dir, lines, read } = await aFolder();
  const file = join(dir, 'a.yaml');
  await writeFile(file, 'role: web');
  await writeFile(join(dir, 'b.txt'), 'zone=a');
  await read();
  await writeFile(file, 'role: [');
  expect((await read()).dir).toEqual({ role: 'web', zone: 'a' });
  await read();
  expect(lines()).toMatchObject([
    { level: 'warn', file, msg: 'a file of facts is broken: its last good values are kept' },
  ]);
  await writeFile(file, 'role: database');
  expect((await read()).dir).toEqual({ role: 'database', zone: 'a' });
  await rm(file);
  expect((await read()).dir).toEqual({ zone: 'a' });
});

test('its stamp is the same as long as no file changes', async () => {
  const { dir, read } = await aFolder();
  await writeFile(join(dir, 'a.yaml'), 'role: web');
  const { stamp } = await read();
  expect((await read()).stamp).toBe(stamp);
  await writeFile(join(dir, 'a.yaml'), 'role: webs');
  expect((await read()).stamp).not.toBe(stamp);
});

test('what is no regular file is not waited for, and a huge one is not read', async () => {
  const { dir, lines, read } = await aFolder();
  execFileSync('mkfifo', [join(dir, 'pipe.yaml')]);
  await writeFile(join(dir, 'huge.json'), Buffer.alloc(1024 * 1024 + 1, ' '));
  expect((await read()).dir).toEqual({});
  expect(lines()).toMatchObject([
    { file: join(dir, 'huge.json'), err: expect.stringContaining('more than 1048576') },
    { file: join(dir, 'pipe.yaml'), err: 'is no regular file' },
  ]);
});

test('a program among the files is named once, and never run', async () => {
  const { dir, lines, read } = await aFolder();
  await writeFile(join(dir, 'run.sh'), `#!/bin/sh\ntouch ${dir}/ran.txt\n`, { mode: 0o755 });
  await writeFile(join(dir, '.hidden'), '');
  await read();
  expect((await read()).dir).toEqual({});
  expect(lines()).toMatchObject([{ level: 'info', file: join(dir, 'run.sh') }]);
});

test.each([
  ['a.json', '{"os": {"family": "Debian"}, "l": [{"a": 1}]}', { 'os.family': 'Debian', l: '[{"a":1}]' }],
  ['a.yaml', '---\nos:\n  family: Debian\nn: 1\nno:\n', { 'os.family': 'Debian', n: '1' }],
  ['a.yml', '', {}],
  ['a.txt', 'a=b=c\r\n # x\n\nd =\n', { a: 'b=c', d: '' }],
])('%s is read: %j', (path, text, facts) => {
  expect(parseFacts(path, text)).toEqual(facts);
});

test.each([
  ['a.json', '[1]', 'expected a map of facts'],
  ['a.json', '{"a": 1', /JSON/],
  ['a.yaml', 'just text', 'expected a map of facts'],
  ['a.txt', 'a=b\nc\n', 'line 2: expected name=value'],
])('%s with %j is refused', (path, text, why) => {
  expect(() => parseFacts(path, text)).toThrow(why);
});

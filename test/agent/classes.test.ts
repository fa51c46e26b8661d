import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClassList } from '../../agent/classes.ts';
import { createLog } from '../../src/core/create-log.ts';
import { silentLog } from '../../src/core/log.ts';
import { linesOf } from '../kit/lines.ts';
import { eventually, tempDir } from './temp.ts';

test('classes come from the first usual place where there is a file, or from the one that is named', async () => {
  const dir = await tempDir();
  const [debian, puppet] = [join(dir, 'debian.txt'), join(dir, 'puppet.txt')];
  await writeFile(puppet, 'web\nbase\n\nweb\n');
  const usual = createClassList(undefined, silentLog, [debian, puppet]);
  expect(await usual.refresh()).toEqual(['base', 'web']);
  await writeFile(debian, 'debian\n');
  expect(await usual.refresh()).toEqual(['debian']);
  expect(await createClassList(puppet, silentLog, [debian]).refresh()).toEqual(['base', 'web']);
});

test('a file that Puppet puts in the place of the old one is seen by itself, and told', async () => {
  const dir = await tempDir();
  const path = join(dir, 'classes.txt');
  const classes = createClassList(path, silentLog);
  let told = 0;
  classes.onChange(() => {
    told += 1;
  });
  const stop = new AbortController();
  classes.follow(stop.signal);
  await writeFile(join(dir, 'new'), 'web\n');
  await rename(join(dir, 'new'), path);
  await eventually(() => classes.current().includes('web'));
  await classes.refresh();
  expect(told).toBe(1);
  await rm(path);
  await eventually(() => classes.current().length === 0);
  stop.abort();
});

test('a file that cannot be read keeps the last classes and is named once', async () => {
  const dir = await tempDir();
  const path = join(dir, 'classes.txt');
  const { stream, lines } = linesOf();
  const classes = createClassList(path, createLog({ level: 'info', name: 'test', stream }));
  await writeFile(path, 'web\n');
  await classes.refresh();
  await rm(path);
  await mkdir(path);
  expect(await classes.refresh()).toEqual(['web']);
  await classes.refresh();
  expect(lines()).toMatchObject([{ level: 'warn', err: expect.stringContaining(path) }]);
});

test('a tag that is too long for the name of a class is left out: the rest is registered', async () => {
  const path = join(await tempDir(), 'classes.txt');
  await writeFile(path, `web\n${'x'.repeat(301)}\n${'y'.repeat(300)}\n`);
  expect(await createClassList(path, silentLog).refresh()).toEqual(['web', 'y'.repeat(300)]);
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeCode, copyCode } from '../../../infra/lab/code.ts';
import { type LabPaths, labPaths } from '../../../infra/lab/layout.ts';

let paths: LabPaths;

beforeEach(async () => {
  paths = labPaths(await mkdtemp(join(tmpdir(), 'muster-code-')));
  await copyCode(paths);
});
afterEach(() => rm(paths.root, { recursive: true }));

const site = (environment: string) =>
  readFile(join(paths.code, 'environments', environment, 'manifests/site.pp'), 'utf8');

test('a manifest can be broken in the copy of one lab, and removed', async () => {
  expect(await site('production')).toContain('include base');
  await changeCode(paths, { environment: 'production', path: 'manifests/site.pp', content: 'broken' });
  expect(await site('production')).toBe('broken');
  await changeCode(paths, { environment: 'production', path: 'manifests/site.pp' });
  await expect(site('production')).rejects.toThrow('ENOENT');
});

test.for([
  { environment: 'production', path: '../../../secrets/redis.password' },
  { environment: '..', path: 'x' },
  { environment: 'production', path: '' },
])('a change outside the environment is refused: $environment/$path', async (change) => {
  await expect(changeCode(paths, { ...change, content: '' })).rejects.toMatchObject({ code: 'USAGE' });
});

import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOneFilePackages } from '../../infra/one-file-packages.ts';
import { tempDir } from '../agent/temp.ts';

const NODE_MODULES = join(import.meta.dirname, '../../node_modules');
const PACKAGES = ['commander', 'ioredis', 'stompit', 'yaml', 'zod'];

/** A project with these packages installed. */
async function project(): Promise<{ root: string; made: string }> {
  const root = await tempDir();
  await mkdir(join(root, 'node_modules'));
  for (const name of PACKAGES) await symlink(join(NODE_MODULES, name), join(root, 'node_modules', name));
  await writeFile(join(root, 'node_modules/.package-lock.json'), '{}');
  return { root, made: join(root, 'node_modules/.cache/muster') };
}

test('each package is one file with all that the package exports', async () => {
  const { root, made } = await project();
  await makeOneFilePackages(root);
  expect((await readdir(made)).sort()).toEqual(
    [...PACKAGES.map((name) => `${name}.mjs`), 'packages.json'].sort(),
  );
  for (const name of PACKAGES) {
    const [whole, one] = await Promise.all([import(name), import(join(made, `${name}.mjs`))]);
    const names = Object.keys(whole).filter((key) => key !== 'module.exports');
    expect(Object.keys(one).sort()).toEqual(names.sort());
  }
  const { parse } = await import(join(made, 'yaml.mjs'));
  expect(parse('a: [1, 2]')).toEqual({ a: [1, 2] });
  const { z } = await import(join(made, 'zod.mjs'));
  expect(z.string().safeParse(1).error.issues[0].message).toContain('expected string');
});

test('what is there already is not made again; after an install by npm it is', async () => {
  const { root, made } = await project();
  await makeOneFilePackages(root);
  await rm(join(made, 'zod.mjs'));
  await makeOneFilePackages(root);
  await expect(stat(join(made, 'zod.mjs'))).rejects.toThrow('ENOENT');
  await writeFile(join(root, 'node_modules/.package-lock.json'), '{"installed": "something else"}');
  await makeOneFilePackages(root);
  expect(await readFile(join(made, 'zod.mjs'), 'utf8')).toContain('export {');
});

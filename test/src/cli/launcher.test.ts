import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { tempDir } from '../../agent/temp.ts';

const CLI = join(import.meta.dirname, '../../../src/cli');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with nothing but this environment, and gives how it ended. */
function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** A folder of programs that holds these alone. */
async function binOf(...programs: string[]): Promise<string> {
  const dir = await tempDir();
  for (const program of programs) await symlink(`/usr/bin/${program}`, join(dir, program));
  return dir;
}

test('a link to muster runs it with the Node of the project, without one on the machine', async () => {
  const dir = await tempDir();
  await symlink(join(CLI, 'muster'), join(dir, 'muster'));
  const { code, stdout } = await run(join(dir, 'muster'), ['--version'], {
    PATH: await binOf('readlink'),
    HOME: dir,
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('no Node at all: what to do, and exit code 3', async () => {
  const cli = join(await tempDir(), 'src/cli');
  await mkdir(cli, { recursive: true });
  await copyFile(join(CLI, 'muster'), join(cli, 'muster'));
  const { code, stderr } = await run(join(cli, 'muster'), ['ping'], { PATH: await binOf('readlink') });
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('npm run setup') });
});

test('a Node that is too old: which it is, what to do, and exit code 3', async () => {
  const old =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })";
  const hook = `data:text/javascript,${encodeURIComponent(old)}`;
  const { code, stderr } = await run(process.execPath, ['--import', hook, join(CLI, 'muster.mjs')], {});
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/Node 24.*20\.1\.0.*npm run setup/),
  });
});

/** Which zod a program loads that uses the one-file packages of a folder as here. */
async function zodIn(change: (nodeModules: string) => Promise<void>): Promise<string> {
  const nodeModules = await tempDir();
  await mkdir(join(nodeModules, '.cache/muster'), { recursive: true });
  const lock = join(nodeModules, '.package-lock.json');
  await writeFile(lock, '{}');
  await utimes(lock, 1000, 1000);
  const list = { installed: '1000000 2', packages: ['zod'] };
  await writeFile(join(nodeModules, '.cache/muster/packages.json'), JSON.stringify(list));
  await writeFile(join(nodeModules, '.cache/muster/zod.mjs'), "export const z = 'one file';");
  await change(nodeModules);
  const program = `
import { useOneFilePackages } from ${JSON.stringify(join(CLI, 'lib/one-file-packages.mjs'))};
useOneFilePackages(new URL(${JSON.stringify(`${pathToFileURL(nodeModules)}/`)}));
const { z } = await import('zod');
console.log(typeof z === 'string' ? z : 'as npm installed it');`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {});
  return stdout.trim();
}

test('a package of one file is loaded in the place of the many', async () => {
  expect(await zodIn(async () => undefined)).toBe('one file');
});

test.each<[string, (nodeModules: string) => Promise<void>]>([
  ['npm has installed since', (dir) => utimes(join(dir, '.package-lock.json'), 1001, 1001)],
  ['their list is cut off', (dir) => writeFile(join(dir, '.cache/muster/packages.json'), '{"installed"')],
])('not when %s', async (_, change) => {
  expect(await zodIn(change)).toBe('as npm installed it');
});

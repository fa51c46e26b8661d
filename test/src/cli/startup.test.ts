import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { COMMAND_GROUPS } from '../../../src/cli/commands.ts';
import { tempDir } from '../../agent/temp.ts';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '../../../src/cli');
const MUSTER = join(CLI, 'muster.mjs');
const HOOK = `
import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });
`;

/** What a pattern finds among the files that a command line loads. */
async function loadedBy(pattern: RegExp, home: string, ...args: string[]): Promise<Set<string>> {
  const hook = join(home, 'hook.mjs');
  await writeFile(hook, HOOK);
  const env = { HOME: home, PATH: process.env.PATH };
  const { stderr } = await run(process.execPath, ['--import', hook, MUSTER, ...args], { env });
  return new Set([...stderr.matchAll(pattern)].map(([, name = '', other = name]) => other || name));
}

/** Packages as npm installed them, and those of one file. */
const PACKAGES = /^loaded file:.*\/node_modules\/(?:\.cache\/muster\/([^/]+)\.mjs|((?:@[^/]+\/)?[^/]+)\/)/gm;
const COMMANDS = /^loaded file:.*\/src\/cli\/([a-z-]+)\.ts$/gm;

describe('Help comes at once', () => {
  test.each(['--help', 'help rpc', 'ping --help'])(
    'muster %s loads no package but the one that reads the command line',
    async (line) => {
      expect(await loadedBy(PACKAGES, await tempDir(), ...line.split(' '))).toEqual(new Set(['commander']));
    },
  );

  test('a command loads itself and no other command', async () => {
    const loaded = await loadedBy(COMMANDS, await tempDir(), 'ping', '--help');
    expect(loaded).toEqual(new Set(['main', 'commands', 'ping']));
  });

  test('every command is found by the name that it has', async () => {
    for (const loaders of Object.values(COMMAND_GROUPS))
      for (const [name, load] of Object.entries(loaders)) expect((await load()).default.name).toBe(name);
  });

  test('compiled code is kept in the cache folder of the caller', async () => {
    const home = await tempDir();
    await run(process.execPath, [MUSTER, '--help'], { env: { HOME: home } });
    expect(await readdir(join(home, '.cache/muster'))).not.toEqual([]);
  });

  test('a cache folder in which others may write is not used', async () => {
    const home = await tempDir();
    await mkdir(join(home, '.cache/muster'), { recursive: true });
    await chmod(join(home, '.cache/muster'), 0o777);
    const { stdout } = await run(process.execPath, [MUSTER, '--help'], { env: { HOME: home } });
    expect(stdout).toContain('Usage: muster');
    expect(await readdir(join(home, '.cache/muster'))).toEqual([]);
  });
});

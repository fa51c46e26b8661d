import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generateAgent } from '../../../../src/cli/lib/plugin/generate.ts';

const MUSTER = fileURLToPath(new URL('../../../../src/cli/muster.mjs', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'muster-site-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const [site, other, config] = [join(dir, 'site'), join(dir, 'other'), join(dir, 'muster.yaml')];

beforeAll(async () => {
  const begin = { actions: ['greet'], language: 'sh' } as const;
  await generateAgent({ ...begin, name: 'ours', dir: site });
  await generateAgent({ ...begin, name: 'theirs', dir: other });
  const broker = { host: 'h', management_url: 'http://127.0.0.1:1', management_password_file: 'f' };
  const redis = { url: 'redis://127.0.0.1:1' };
  const trust = { certificate: 'c', key: 'k' };
  writeFileSync(config, stringify({ redis, broker, trust, plugins: { agents_dir: site } }));
});

/** A command in an empty place, with the config of the site in the environment unless it says otherwise. */
function muster(line: string, env: Record<string, string> = { MUSTER_CONFIG: config }) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const argv = [MUSTER, ...line.split(' ')];
    const own = { PATH: process.env.PATH ?? '', ...env };
    execFile(process.execPath, argv, { cwd: dir, env: own }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("contracts of the site's folder", () => {
  it('are listed, shown and exported as those of Muster, by the same config as with rpc', async () => {
    expect((await muster('plugin doc')).stdout).toMatch(/^agent\/ours +0\.1\.0 +/m);
    expect(JSON.parse((await muster('plugin doc --json')).stdout).agents).toContainEqual(
      expect.objectContaining({ name: 'ours' }),
    );
    expect((await muster('plugin doc agent/ours')).stdout).toContain('   greet action:\n');
    expect((await muster('rpc ours --help')).stdout).toContain('  greet  ');
    const named = await muster(`plugin export ours -c ${config}`, {});
    expect(JSON.parse(named.stdout)).toMatchObject({ metadata: { name: 'ours' } });
  });

  it('are another folder with --agents-dir, and none where there is no config', async () => {
    const ended = await muster(`plugin doc ours --agents-dir ${other}`);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("no agent 'ours'") });
    expect((await muster(`plugin doc theirs --agents-dir ${other}`)).code).toBe(0);
    expect((await muster('plugin doc', {})).stdout).not.toContain('agent/ours');
  });

  it('are told to be missing with the setting that names their folder', async () => {
    const ended = await muster('rpc ours greet --set plugins.agents_dir=/nonexistent');
    expect(ended.stderr).toMatch(
      /PLUGIN_INVALID: the folder of contracts \/nonexistent cannot be read: .*\n.*plugins\.agents_dir/,
    );
  });

  it.each([
    ['plugin doc agent/ou', ['agent/ours']],
    ['plugin doc our', ['ours']],
    ['plugin doc data/fst', ['data/fstat']],
    ['plugin export our', ['ours']],
    [`plugin export --agents-dir ${other} their`, ['theirs']],
    ['rpc ours gr', ['greet']],
    [`rpc -c ${config} our`, ['ours']],
  ])('are completed: muster %s', async (line, words) => {
    const given = line.includes('-c ') ? {} : { MUSTER_CONFIG: config };
    const count = line.split(' ').length;
    const { stdout } = await muster(`complete ${count} -- muster ${line}`, given);
    expect(stdout.trim().split('\n')).toEqual(words);
  });

  it('are not begun under a name that Muster or Choria has', async () => {
    const ended = await muster(`plugin generate rpcutil --dir ${join(dir, 'new')}`);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("USAGE: the name 'rpcutil' is that of an agent of Muster or Choria");
  });
});

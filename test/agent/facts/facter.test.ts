import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FacterOptions, isDue, openFacter } from '../../../agent/facts/facter.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { linesOf } from '../../kit/lines.ts';
import { tempDir } from '../temp.ts';

const never = new AbortController().signal;

/** A Facter program that says `says`, and a clock that stands still. */
async function aFacter(changes: Partial<FacterOptions> = {}) {
  const dir = await tempDir();
  const [program, folder] = [join(dir, 'facter'), join(dir, 'facts.d')];
  await mkdir(folder);
  await writeFile(program, '');
  const { stream, lines } = linesOf();
  const world = {
    nowMs: 1_000_000,
    says: { stdout: '{"kernel": "Linux"}', exitcode: 0, cut: false },
    runs: [] as string[][],
  };
  const options: FacterOptions = {
    ...{
      program,
      cacheFile: join(dir, 'facter.json'),
      bootId: 'boot-1',
      everyS: 1800,
      afterMs: 0,
      folders: [folder],
    },
    synced: { custom: [join(dir, 'lib')], external: [join(dir, 'synced')] },
    clock: { nowMs: () => world.nowMs, monotonicMs: () => world.nowMs },
    log: createLog({ level: 'info', name: 'test', stream }),
    async run(file, args) {
      world.runs.push([file, ...args]);
      return { stderr: 'no such thing', truncated: false, ...world.says };
    },
    ...changes,
  };
  return { dir, folder, program, world, options, lines, facter: await openFacter(options) };
}

test('Facter is run at low priority, and what it says is flat', async () => {
  const { facter, program, world } = await aFacter();
  world.says.stdout = '{"os": {"family": "Debian", "l": ["a", "b"]}, "processors.count": 2, "none": null}';
  expect(facter.current()).toEqual({});
  expect(await facter.refresh({}, never)).toBe(true);
  expect(world.runs).toEqual([['nice', '-n', '19', program, '--json']]);
  expect(facter.current()).toEqual({ 'os.family': 'Debian', 'os.l': '["a","b"]', 'processors.count': '2' });
});

test('it is run again when its time has come, or when an external fact changes, and not before', async () => {
  const { facter, folder, world } = await aFacter();
  await facter.refresh({}, never);
  world.nowMs += 1_799_000;
  expect(await facter.refresh({}, never)).toBe(false);
  world.nowMs += 1000;
  expect(await facter.refresh({}, never)).toBe(true);
  await writeFile(join(folder, 'muster.yaml'), 'ours: no reason');
  world.nowMs += 60_000;
  expect(await facter.refresh({}, never)).toBe(false);
  await writeFile(join(folder, 'site.yaml'), 'role: web');
  expect(await facter.refresh({}, never)).toBe(true);
  expect(world.runs).toHaveLength(3);
});

test("custom and external facts of Puppet's modules are asked for where there are some", async () => {
  const { dir, facter, folder, world } = await aFacter();
  await mkdir(join(dir, 'lib'));
  await facter.refresh({}, never);
  expect(world.runs[0]?.slice(5)).toEqual(['--custom-dir', join(dir, 'lib')]);
  await mkdir(join(dir, 'synced'));
  await writeFile(join(dir, 'synced', 'module.txt'), 'a=b');
  world.nowMs += 30_000;
  await facter.refresh({}, never);
  // Folders that are named take the place of the usual ones.
  expect(world.runs[1]?.slice(7)).toEqual(['--external-dir', folder, '--external-dir', join(dir, 'synced')]);
});

test.each([
  ['never run', { lastMs: null, changed: false }, true],
  ['run just now', { lastMs: 999_000, changed: false }, false],
  ['run just now, and changed: in a while', { lastMs: 999_000, changed: true }, false],
  ['changed, half a minute later', { lastMs: 970_000, changed: true }, true],
  ['long ago', { lastMs: 900_000, changed: false }, true],
  ['in the future: the clock was set back', { lastMs: 1_000_001, changed: false }, true],
])('%s', (_when, when, due) => {
  expect(isDue({ nowMs: 1_000_000, everyS: 100, ...when })).toBe(due);
});

test('what it said is kept for the next daemon of this boot, which need not run it', async () => {
  const { facter, options } = await aFacter();
  await facter.refresh({}, never);
  const next = await openFacter(options);
  expect(next.current()).toEqual({ kernel: 'Linux' });
  expect(await next.refresh({}, never)).toBe(false);
  const clone = await openFacter({ ...options, bootId: 'boot-2' });
  expect(clone.current()).toEqual({});
  expect(await clone.refresh({}, never)).toBe(true);
});

test('a broken cache is as none', async () => {
  const { options } = await aFacter();
  await writeFile(options.cacheFile, '{"boot_id": "boot-1", "at_');
  expect((await openFacter(options)).current()).toEqual({});
});

test('it gives back neither what it has from us, nor its copy of the metadata of EC2', async () => {
  const { facter, world } = await aFacter();
  world.says.stdout = JSON.stringify({
    ...{ role: 'web', 'site.x': 1, kernel: 'Linux', ec2_userdata: 'token', ec2_instance_id: 'i-lie' },
    ec2_metadata: { 'instance-id': 'i-1' },
    gce: { instance: { attributes: { 'startup-script': 'secret' }, zone: 'a' } },
  });
  await facter.refresh({ role: 'web', 'site.x': '1' }, never);
  expect(facter.current()).toEqual({ kernel: 'Linux', 'gce.instance.zone': 'a' });
});

test.each([
  ['nothing at all', { exitcode: 1, stdout: '', cut: false }, 'ended with 1: no such thing'],
  ['no facts', { exitcode: 1, stdout: '{}', cut: false }, 'ended with 1: no such thing'],
  ['no JSON', { exitcode: 0, stdout: '{"a": ', cut: false }, 'gave no map of facts in JSON'],
  ['no map', { exitcode: 0, stdout: '[]', cut: false }, 'gave no map of facts in JSON'],
  ['no end', { exitcode: 0, stdout: '{}', cut: true }, 'did not end within 60 s'],
])('%s keeps the last facts, says so, and is not tried again at once', async (_what, says, why) => {
  const { facter, lines, world } = await aFacter();
  await facter.refresh({}, never);
  world.nowMs += 1_800_000;
  world.says = says;
  expect(await facter.refresh({}, never)).toBe(false);
  expect(facter.current()).toEqual({ kernel: 'Linux' });
  expect(lines()).toMatchObject([{ level: 'warn', err: expect.stringContaining(why) }]);
  world.nowMs += 30_000;
  await facter.refresh({}, never);
  expect(world.runs).toHaveLength(2);
});

test('one that could not tell every fact, and ends with 1, is believed in all others', async () => {
  const { facter, world } = await aFacter();
  world.says = { exitcode: 1, stdout: '{"kernel": "Linux"}', cut: false };
  expect(await facter.refresh({}, never)).toBe(true);
  expect(facter.current()).toEqual({ kernel: 'Linux' });
});

test('one that is not where the config says is named; where none is installed there is silence', async () => {
  const { facter, lines } = await aFacter({ program: '/nosuch/facter' });
  expect(await facter.refresh({}, never)).toBe(false);
  expect(lines()).toMatchObject([{ err: 'facts.facter: there is no /nosuch/facter' }]);
});

test('more than fits into a registration is left out, the longest first', async () => {
  const { facter, world } = await aFacter();
  const many = Array.from({ length: 100 }, (_, index) => [`long_${index}`, 'x'.repeat(8000)]);
  world.says.stdout = JSON.stringify({ ...Object.fromEntries(many), kernel: 'Linux' });
  await facter.refresh({}, never);
  expect(facter.current().kernel).toBe('Linux');
  expect(JSON.stringify(facter.current()).length).toBeLessThan(132_000);
});

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Facter } from '../../agent/facts/facter.ts';
import { factsThatFit } from '../../agent/facts/parse.ts';
import { createFactStore } from '../../agent/facts.ts';
import type { Facts } from '../../src/core/inventory.ts';
import { silentLog } from '../../src/core/log.ts';
import { eventually, tempDir } from './temp.ts';

async function aStore(facter: Facter | null = null) {
  const dir = await tempDir();
  const factsDir = join(dir, 'facts.d');
  await mkdir(factsDir);
  const paths = { dir: factsDir, stateDir: join(dir, 'state'), facterDir: join(dir, 'facter', 'facts.d') };
  const files = [join(dir, 'one.txt'), join(dir, 'two.yaml')];
  return { ...paths, files, store: createFactStore({ ...paths, files, facter, log: silentLog }) };
}

/** Facter that says `next` once, when it is asked. */
function facterThat(next: Facts): Facter & { readonly asked: Facts[] } {
  let said: Facts = {};
  const asked: Facts[] = [];
  return {
    asked,
    folders: [],
    afterMs: 0,
    current: () => said,
    async refresh(own) {
      asked.push(own);
      said = asked.length === 1 ? next : said;
      return asked.length === 1;
    },
  };
}

describe('Facts of a node', () => {
  test('are merged from YAML and JSON files in order of name, flat and as texts', async () => {
    const { dir, store } = await aStore();
    await writeFile(
      join(dir, '10.yaml'),
      'role: web\nsize: 3\nouter:\n  inner: true\nlist: [1, 2]\nnothing:\n',
    );
    await writeFile(join(dir, '20.json'), '{"role": "db"}');
    await writeFile(join(dir, 'ignored.sh'), '#!/bin/sh\necho x=y\n', { mode: 0o755 });
    await writeFile(join(dir, '30.txt'), '# of old\nzone = a=b\n\n');
    expect(await store.facts()).toMatchObject({
      role: 'db',
      size: '3',
      'outer.inner': 'true',
      list: '[1,2]',
      zone: 'a=b',
    });
    expect(Object.keys(await store.facts())).not.toContain('x');
  });

  test('are read again when a file changes, appears or goes', async () => {
    const { dir, store } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    const first = await store.facts();
    expect(await store.facts()).toBe(first);
    await writeFile(join(dir, 'a.yaml'), 'role: database');
    expect((await store.facts()).role).toBe('database');
  });

  test('are followed: the last look is renewed by itself', async () => {
    const { dir, store } = await aStore();
    const stop = new AbortController();
    store.follow(stop.signal);
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    await eventually(() => store.current().role === 'web');
    stop.abort();
  });

  test('are one and the same for many who ask at once', async () => {
    const { dir, store, stateDir } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => store.facts()));
    for (const facts of others) expect(facts).toBe(first);
    expect(await readdir(stateDir)).toEqual(['facts.json']);
  });

  test('leave a broken file out', async () => {
    const { dir, store } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    await writeFile(join(dir, 'b.yaml'), 'role: [');
    expect((await store.facts()).role).toBe('web');
  });

  test('of EC2 win over files, so that no file lets a node pose as another instance', async () => {
    const { dir, store } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'ec2_instance_id: i-lie');
    store.setEc2({ ec2_instance_id: 'i-true' });
    expect((await store.facts()).ec2_instance_id).toBe('i-true');
  });

  test('reach Puppet as external facts, without those that Facter has itself', async () => {
    const { dir, facterDir, stateDir, store } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'role: web\nzip: "0123"');
    store.setEc2({ ec2_placement_region: 'eu-west-1' });
    const facts = await store.facts();
    expect(facts.hostname).toBeTypeOf('string');
    expect(parse(await readFile(join(facterDir, 'muster.yaml'), 'utf8'))).toEqual({
      role: 'web',
      zip: '0123',
      ec2_placement_region: 'eu-west-1',
    });
    expect(JSON.parse(await readFile(join(stateDir, 'facts.json'), 'utf8'))).toEqual(facts);
  });

  test('leave Facter alone when no folder of it is given', async () => {
    const { dir, stateDir } = await aStore();
    const store = createFactStore({
      ...{ dir, stateDir, facterDir: '', files: [], facter: null, log: silentLog },
    });
    expect(await store.facts()).toHaveProperty('hostname');
  });

  test('come from single files too, over which the folder wins', async () => {
    const { dir, facterDir, files, store } = await aStore();
    const [one = '', two = ''] = files;
    await writeFile(one, 'role=one\nzone=one\nkind=one\n');
    await writeFile(two, 'zone: two\nkind: two\n');
    await writeFile(join(dir, 'a.yaml'), 'kind: dir');
    expect(await store.facts()).toMatchObject({ role: 'one', zone: 'two', kind: 'dir' });
    // They may be a copy of Facter's, and must not hide Facter's own.
    expect(parse(await readFile(join(facterDir, 'muster.yaml'), 'utf8'))).toEqual({ kind: 'dir' });
    await rm(two);
    expect((await store.facts()).zone).toBe('one');
  });

  test('of Facter come later, in the background, and are weaker than files; a hello goes without them', async () => {
    const facter = facterThat({ role: 'facter', 'os.family': 'Debian', hostname: 'facter' });
    const { dir, store } = await aStore(facter);
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    expect(await store.facts()).not.toHaveProperty(['os.family']);
    expect(facter.asked).toEqual([]);
    const stop = new AbortController();
    store.follow(stop.signal);
    await eventually(() => store.current()['os.family']);
    stop.abort();
    expect(facter.asked[0]).toEqual({ role: 'web' });
    expect(await store.facts()).toMatchObject({ role: 'web', 'os.family': 'Debian', hostname: 'facter' });
    const early = await store.early();
    expect(early).toMatchObject({ role: 'web' });
    expect(early).not.toHaveProperty(['os.family']);
  });

  test('that change are told to those who listen, and the last look stays until the next is done', async () => {
    const { dir, store } = await aStore();
    await writeFile(join(dir, 'a.yaml'), 'role: web');
    await store.facts();
    let told = 0;
    const unheard = store.onChange(() => {
      told += 1;
    });
    await store.facts();
    expect(told).toBe(0);
    store.setEc2({ ec2_instance_id: 'i-1' });
    expect(store.current().role).toBe('web');
    await store.facts();
    expect(told).toBe(1);
    unheard();
    await writeFile(join(dir, 'a.yaml'), 'role: database');
    await store.facts();
    expect(told).toBe(1);
  });

  test('fit into a message: the longest are left out', () => {
    expect(factsThatFit({ a: 'x'.repeat(50), b: 'y', c: 'z' }, 40)).toEqual({ b: 'y', c: 'z' });
  });
});

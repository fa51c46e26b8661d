import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createFactStore } from '../../agent/facts.ts';
import { factsForHello } from '../../agent/hello.ts';
import { silentLog } from '../../src/core/log.ts';
import { eventually, tempDir } from './temp.ts';

async function aStore() {
  const dir = await tempDir();
  const factsDir = join(dir, 'facts.d');
  await mkdir(factsDir);
  const paths = { dir: factsDir, stateDir: join(dir, 'state'), facterDir: join(dir, 'facter', 'facts.d') };
  return { ...paths, store: createFactStore({ ...paths, log: silentLog }) };
}

describe('Facts of a node', () => {
  test('are merged from YAML and JSON files in order of name, flat and as texts', async () => {
    const { dir, store } = await aStore();
    await writeFile(
      join(dir, '10.yaml'),
      'role: web\nsize: 3\nouter:\n  inner: true\nlist: [1, 2]\nnothing:\n',
    );
    await writeFile(join(dir, '20.json'), '{"role": "db"}');
    await writeFile(join(dir, 'ignored.txt'), 'x: y');
    expect(await store.facts()).toMatchObject({
      role: 'db',
      size: '3',
      'outer.inner': 'true',
      list: '[1,2]',
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
    const store = createFactStore({ dir, stateDir, facterDir: '', log: silentLog });
    expect(await store.facts()).toHaveProperty('hostname');
  });

  test('fit into a hello: the longest are left out', () => {
    expect(factsForHello({ a: 'x'.repeat(50), b: 'y', c: 'z' }, 40)).toEqual({ b: 'y', c: 'z' });
  });
});

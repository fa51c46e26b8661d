import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mergeFacts } from '../../../agent/facts/budget.ts';
import { parseFacts } from '../../../agent/facts/parse.ts';
import { createFactStore } from '../../../agent/facts.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { silentLog } from '../../../src/core/log.ts';
import { MAX_FACTS_BYTES, MAX_HELLO_FACTS_BYTES } from '../../../src/core/messages.ts';
import { linesOf } from '../../kit/lines.ts';
import { tempDir } from '../temp.ts';

const many = (count: number, length: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'.repeat(length)]));

describe('Facts that are merged', () => {
  test('are all there as long as they fit, the later source wins', () => {
    const sources = [
      { name: 'a', facts: { role: 'a', zone: 'a' } },
      { name: 'b', facts: { role: 'b' } },
    ];
    const facts = { role: 'b', zone: 'a' };
    expect(mergeFacts(sources, 1000)).toEqual({ facts, left: [] });
    expect(mergeFacts(sources, JSON.stringify(facts).length + 1).left).toEqual([]);
    expect(mergeFacts(sources, JSON.stringify(facts).length - 1).left).toHaveLength(1);
  });

  test('never take more room than there is, counted in bytes', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`\u{1f980}${index}`, '\0\u00fc"\\']),
    );
    for (const room of [10, 100, 999, 2000]) {
      const { facts } = mergeFacts([{ name: 'a', facts: wide }], room);
      expect(Buffer.byteLength(JSON.stringify(facts))).toBeLessThanOrEqual(room);
    }
  });

  test('cost a huge source its own longest facts, and no other source one', () => {
    const { facts, left } = mergeFacts(
      [
        { name: 'first', facts: { hostname: 'n'.repeat(300) }, first: true },
        { name: 'huge', facts: { ...many(100, 50), small: 's', long: 'x'.repeat(500) } },
        { name: 'site', facts: { role: 'web' } },
      ],
      1000,
    );
    expect(facts).toMatchObject({ role: 'web', small: 's', hostname: 'n'.repeat(300) });
    expect(facts).not.toHaveProperty('long');
    expect(left).toEqual([{ source: 'huge', facts: expect.any(Number), bytes: expect.any(Number) }]);
    expect(left[0]?.bytes).toBeGreaterThan(6000);
  });

  test('that find no room are missing: no weaker value takes their place', () => {
    const { facts } = mergeFacts(
      [
        { name: 'weak', facts: { role: 'weak', zone: 'a' } },
        { name: 'strong', facts: { role: 'x'.repeat(500) } },
      ],
      100,
    );
    expect(facts).toEqual({ zone: 'a' });
  });
});

test('A store with too many facts keeps what fits, says so in the log once and in a fact, and forgets it when it is mended', async () => {
  const dir = await tempDir();
  const { stream, lines } = linesOf();
  const paths = { dir: join(dir, 'facts.d'), stateDir: join(dir, 'state'), facterDir: join(dir, 'facter') };
  await mkdir(paths.dir);
  const log = createLog({ level: 'info', name: 'test', stream });
  const store = createFactStore({ ...paths, files: [], facter: null, log });
  const huge = join(paths.dir, 'huge.json');
  await writeFile(join(paths.dir, 'site.yaml'), 'role: web\n');
  await writeFile(huge, JSON.stringify(many(5000, 100)));
  const facts = await store.facts();
  expect(Buffer.byteLength(JSON.stringify(facts))).toBeLessThanOrEqual(MAX_FACTS_BYTES);
  expect(Object.keys(facts).length).toBeGreaterThan(1000);
  expect(facts).toMatchObject({ role: 'web', hostname: expect.any(String) });
  expect(facts.muster_facts_left_out).toMatch(new RegExp(`^\\d+ of ${huge} \\(\\d+ bytes\\)$`));
  expect(await readFile(join(paths.facterDir, 'muster.yaml'), 'utf8')).not.toContain('k4999');
  await writeFile(join(paths.dir, 'site.yaml'), 'role: database\n');
  await store.facts();
  expect(lines()).toMatchObject([
    { level: 'error', code: 'CONFIG_INVALID', file: huge, bytes: expect.any(Number), limit: MAX_FACTS_BYTES },
  ]);
  await rm(huge);
  expect(await store.facts()).not.toHaveProperty('muster_facts_left_out');
});

test('A hello has room for facts of a site and of EC2, however many short ones another file holds', async () => {
  const dir = await tempDir();
  const paths = { dir: join(dir, 'facts.d'), stateDir: join(dir, 'state'), facterDir: '' };
  await mkdir(paths.dir);
  const store = createFactStore({ ...paths, files: [], facter: null, log: silentLog });
  await writeFile(join(paths.dir, 'huge.json'), JSON.stringify(many(5000, 1)));
  await writeFile(join(paths.dir, 'site.yaml'), `country: ${'x'.repeat(200)}\n`);
  store.setEc2({ ec2_placement_region: 'eu-central-1' });
  const early = await store.early();
  expect(early).toMatchObject({ country: 'x'.repeat(200), ec2_placement_region: 'eu-central-1' });
  expect(JSON.stringify(early).length).toBeLessThanOrEqual(MAX_HELLO_FACTS_BYTES);
  expect(Object.keys(early).length).toBeGreaterThan(500);
});

describe('A file of facts', () => {
  test('may hold a key twice: the last one counts, because to look for such keys holds the daemon up for a minute', () => {
    expect(parseFacts('a.yaml', 'role: web\nrole: database\n')).toEqual({ role: 'database' });
  });

  test('whose aliases hold millions of facts is refused before they are all made', () => {
    const block = Array.from({ length: 20_000 }, (_, index) => `  k${index}: 1\n`).join('');
    const aliases = Array.from({ length: 99 }, (_, index) => `b${index}: *a\n`).join('');
    expect(() => parseFacts('a.yaml', `a: &a\n${block}${aliases}`)).toThrow('holds more than 25000 facts');
  });
});

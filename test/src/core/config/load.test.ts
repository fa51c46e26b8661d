import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../../src/core/config/load.ts';

const Schema = z.strictObject({
  name: z.string().describe('Name of the thing'),
  redis: z
    .strictObject({ url: z.string().default('redis://a'), tries: z.number().int().min(1).default(3) })
    .prefault({}),
  list: z.array(z.string()).default([]),
});

/** Writes files into a new folder; gives the path of `main.yaml` in it. */
async function files(texts: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-load-'));
  await mkdir(join(dir, 'conf.d'));
  for (const [name, text] of Object.entries(texts)) await writeFile(join(dir, name), text);
  return join(dir, 'main.yaml');
}

describe('the config loader', () => {
  it('lets conf.d override the file, the environment override conf.d, and flags override all', async () => {
    const path = await files({
      'main.yaml': 'name: file\nredis: {url: file, tries: 1}\nlist: [file]\n',
      'conf.d/10-a.yaml': 'redis: {url: a, tries: 2}\n',
      'conf.d/20-b.yaml': 'redis: {url: b}\n',
    });
    const sources = { path, env: { MUSTER_REDIS__TRIES: '7', OTHER: 'x' }, flags: ['list=[flag, two]'] };
    expect(await loadConfig(Schema, sources)).toEqual({
      name: 'file',
      redis: { url: 'b', tries: 7 },
      list: ['flag', 'two'],
    });
  });

  it('fills in defaults', async () => {
    expect(await loadConfig(Schema, { path: await files({ 'main.yaml': 'name: x\n' }) })).toEqual({
      name: 'x',
      redis: { url: 'redis://a', tries: 3 },
      list: [],
    });
  });

  it.each([
    [
      'an unknown key, with the nearest known one',
      'name: x\nredis:\n  tris: 3\n',
      /main\.yaml:3: unknown setting 'redis\.tris' \(did you mean 'tries'\?\); known here: /,
    ],
    [
      'an unknown key far from any, with those that are known',
      'name: x\nzzzzzzzz: 1\n',
      /main\.yaml:2: unknown setting 'zzzzzzzz'; known here: name, redis, list/,
    ],
    [
      'a wrong type, with the value',
      'name: x\nredis: {tries: many}\n',
      /main\.yaml:2: 'redis\.tries' is "many"; expected (int|number)/,
    ],
    ['a missing value, with its meaning', 'list: []\n', /main\.yaml: 'name' is missing: Name of the thing/],
    ['what is no map', '- a\n', /main\.yaml: expected a map of settings/],
    ['what is no YAML', 'a: [\n', /main\.yaml: is not YAML/],
  ])('refuses %s', async (_what, text, message) => {
    const failure = loadConfig(Schema, { path: await files({ 'main.yaml': text }) });
    await expect(failure).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('names the environment or the flag from which a wrong value came', async () => {
    const path = await files({ 'main.yaml': 'name: x\n' });
    await expect(loadConfig(Schema, { path, env: { MUSTER_REDIS__TRIES: '0' } })).rejects.toThrow(
      /^the environment: 'redis\.tries' is 0/,
    );
    await expect(loadConfig(Schema, { path, flags: ['redis.tries=0'] })).rejects.toThrow(
      /^--set: 'redis\.tries' is 0/,
    );
    await expect(loadConfig(Schema, { path, flags: ['redis'] })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('tells every problem at once, a line each', async () => {
    const path = await files({ 'main.yaml': 'nam: x\nredis: {tries: 0}\n' });
    const error = await loadConfig(Schema, { path }).catch((thrown: Error) => thrown);
    expect((error as Error).message.split('\n')).toHaveLength(3);
  });
});

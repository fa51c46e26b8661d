import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Bus } from '../../../src/bus/bus.ts';
import { askEach, holdsSecret } from '../../../src/cli/lib/ask-each.ts';
import { typedInput } from '../../../src/cli/lib/rpc/typed-input.ts';
import {
  hideSecrets,
  maskSecrets,
  type SecretSource,
  withSecrets,
} from '../../../src/cli/lib/secret-input.ts';
import { readSettings } from '../../../src/cli/lib/settings.ts';
import { OF_MUSTER } from '../../../src/core/contract.ts';
import { defineDdl } from '../../../src/core/ddl.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { tempDir } from '../../agent/temp.ts';
import { type MiniBroker, startMiniBroker } from '../../kit/broker-mini.ts';
import { clientOf, miniBus, serveProbe } from '../bus/rpc-kit.ts';

const SECRET = 'correct horse battery staple';
const secret = () => z.string().min(3).meta({ secret: true });
const input = z.strictObject({ user: z.string(), password: secret(), second: secret().optional() });
const safe = defineDdl({
  name: 'safe',
  description: 'Secrets for tests',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 2,
  actions: {
    set: {
      description: 'Takes a secret and gives it back',
      display: 'always',
      input,
      output: z.strictObject({ user: z.string(), password: secret() }),
    },
  },
});
const set = safe.actions.set;

/** Standard input that holds this text, at a terminal or not. */
function source(text: string, isTTY = false): SecretSource & { asked: string[] } {
  const asked: string[] = [];
  const prompt = async (question: string) => {
    asked.push(question);
    return text;
  };
  return { isTTY, asked, readAll: async () => text, prompt };
}

describe('a secret input of muster rpc', () => {
  test('comes from a file, from standard input, or is asked for at a terminal', async () => {
    const file = join(await tempDir(), 'password');
    await writeFile(file, `${SECRET}\n`);
    const user = { user: 'web' };
    const filled = { ...user, password: SECRET };
    expect(await withSecrets(input, { ...user, password: `@${file}` }, source(''))).toEqual(filled);
    expect(await withSecrets(input, { ...user, password: '-' }, source(`${SECRET}\n`))).toEqual(filled);
    const terminal = source(SECRET, true);
    expect(await withSecrets(input, user, terminal)).toEqual(filled);
    expect(terminal.asked).toEqual(['password: ']);
    // Without a terminal the node's DDL says what is missing.
    expect(await withSecrets(input, user, source(SECRET))).toEqual(user);
  });

  test.each([
    ['as an argument', { password: SECRET }, /^password: is secret.*password=@FILE/],
    ['from a file that is not there', { password: '@/nonexistent/x' }, /^password: .*cannot be read/],
    ['empty', { password: '-' }, /^password: is empty/],
    ['two at once from standard input', { password: '-', second: '-' }, /^password and second: only one/],
  ])('is refused %s, without being said', async (_, texts, message) => {
    const thrown = await withSecrets(input, texts, source('')).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) });
    expect(String(thrown)).not.toContain(SECRET);
  });

  test('that is no number where one is wanted is not said either', () => {
    const schema = z.strictObject({ pin: z.number().meta({ secret: true }) });
    expect(() => typedInput('safe#set', schema, { pin: SECRET })).toThrow(/pin.*'\[redacted\]'/);
  });

  test('and a secret output are not shown', () => {
    expect(hideSecrets(set.output, { user: 'web', password: SECRET })).toEqual({
      user: 'web',
      password: '[redacted]',
    });
    const texts = { user: 'web', password: SECRET };
    expect(maskSecrets(input, texts, `web may not use ${SECRET}`)).toBe('web may not use [redacted]');
  });
});

test.each([
  'redis.password=hunter22',
  'redis.url=redis://:hunter22@127.0.0.1',
  'notify.recipients=[mailto://me:hunter22@example.org]',
])('--set %s is refused, and not repeated', async (flag) => {
  const thrown = await readSettings({ set: [flag] }).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: 'USAGE', message: expect.stringContaining('put it into the config') });
  expect(String(thrown)).not.toContain('hunter22');
});

describe('on its way', () => {
  let broker: MiniBroker;
  let buses: Bus[];
  beforeEach(async () => {
    broker = await startMiniBroker();
    buses = [miniBus(broker), miniBus(broker)];
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await broker.stop();
  });

  test('it reaches each node encrypted; who fails and who is silent is told', async () => {
    const [nodes, callers] = buses;
    if (nodes === undefined || callers === undefined) throw new Error('no buses');
    const got: string[] = [];
    const serve = (identity: string, refuses = false) => {
      const actions = {
        set: async (given: z.output<typeof input>) => {
          got.push(`${identity} ${given.password}`);
          if (refuses) throw new MusterError('CA_REFUSED', 'not here');
          return { user: given.user, password: given.password };
        },
      };
      return serveProbe(nodes, identity, { agents: () => new Map([['safe', { ddl: safe, actions }]]) });
    };
    await Promise.all([serve('web1'), serve('web2'), serve('web3', true)]);
    const rpc = await clientOf(callers, 'ctl', 'controller');
    const given = { user: 'web', password: SECRET };
    expect(holdsSecret(safe, 'set', given)).toBe(true);
    const asked = await askEach(rpc, 'provisioning', safe, 'set', given, {
      nodes: ['web1', 'web2', 'web3', 'web4'].map((identity) => ({ identity, role: 'node' })),
      timeoutS: 2,
      signal: new AbortController().signal,
    });
    expect(asked.silent).toEqual(['web4']);
    const replies = [...asked.replies].sort((a, b) => (a.identity < b.identity ? -1 : 1));
    expect(replies).toMatchObject([
      { identity: 'web1', status: 0, data: { password: SECRET } },
      { identity: 'web2', status: 0 },
      { identity: 'web3', status: 1, code: 'CA_REFUSED' },
    ]);
    expect(got.sort()).toEqual(['web1', 'web2', 'web3'].map((identity) => `${identity} ${SECRET}`));
    const seen = broker.frames
      .flatMap(({ body }) => body.toString().split('.'))
      .map((part) => Buffer.from(part, 'base64url').toString());
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.join('\n')).not.toContain(SECRET);
  });
});

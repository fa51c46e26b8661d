import { describe, expect, it, test } from 'vitest';
import { loadDdls } from '../../../../src/cli/lib/ddls.ts';
import { readJsonDdl } from '../../../../src/core/ddl-json/read.ts';
import { writeJsonDdl } from '../../../../src/core/ddl-json/write.ts';
import type { MusterError } from '../../../../src/core/errors.ts';
import { secretFieldsOf } from '../../../../src/core/secret-fields.ts';

const metadata = {
  name: 'cache',
  description: 'A cache',
  author: 'Somebody <somebody@example.org>',
  license: 'Apache-2.0',
  version: '1.2.0',
  url: 'https://example.org/cache',
  timeout: 20,
  provider: 'external',
};
const flush = {
  action: 'flush',
  description: 'Empties the cache',
  display: 'failed',
  input: {
    zone: {
      prompt: 'Zone',
      description: 'Zone to empty',
      type: 'string',
      optional: false,
      default: null,
      validation: '\\A[a-z]+\\z',
      maxlength: 5,
    },
    address: {
      prompt: 'A',
      description: 'A',
      type: 'string',
      optional: true,
      validation: 'ipv4address',
      maxlength: 0,
    },
    mode: {
      prompt: 'M',
      description: 'M',
      type: 'list',
      optional: false,
      default: 'soft',
      list: ['soft', 'hard'],
    },
    count: { prompt: 'C', description: 'C', type: 'integer', optional: true },
    extra: { prompt: 'E', description: 'E', type: 'Hash', optional: true },
    names: { prompt: 'N', description: 'N', type: 'array', optional: true },
    wait: { prompt: 'W', description: 'W', type: 'float', optional: true, default: 1.5 },
    force: { prompt: 'F', description: 'F', type: 'boolean', optional: true },
  },
  output: {
    flushed: { description: 'Entries', display_as: 'Entries', type: 'integer', default: 0 },
    state: { description: 'State', display_as: 'State', default: null },
  },
  aggregate: [{ function: 'summary', args: ['state', { format: '%s nodes: %d' }] }],
  since: '2.0',
};
const file = (change: object = {}, action: object = {}) =>
  JSON.stringify({ metadata: { ...metadata, ...change }, actions: [{ ...flush, ...action }] });
const read = (text: string) => readJsonDdl(text, '/agents/cache.json');

function faultsOf(text: string): readonly string[] {
  try {
    read(text);
    return [];
  } catch (thrown) {
    const error = thrown as MusterError;
    expect(error).toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringMatching(/^\/agents\/cache\.json: /),
    });
    return error.details;
  }
}

describe('a JSON DDL of Choria', () => {
  const { ddl, provider } = read(file());
  const action = ddl.actions.flush;
  const input = (value: object) => action?.input.safeParse({ zone: 'abc', ...value });

  it('is read with its metadata, unknown keys and all', () => {
    expect(ddl).toMatchObject({ name: 'cache', version: '1.2.0', timeoutS: 20 });
    expect(provider).toBe('external');
    expect(action).toMatchObject({ description: 'Empties the cache', display: 'failed' });
    expect(action?.aggregate).toEqual([{ function: 'summary', output: 'state', format: '%s nodes: %d' }]);
  });

  it('checks inputs by type, length, pattern, named validator and list', () => {
    expect(input({})?.data).toEqual({ zone: 'abc', mode: 'soft' });
    expect(input({ zone: 'abcdef' })?.success).toBe(false);
    expect(input({ zone: 'a1' })?.error?.issues[0]?.message).toBe('expected text that matches \\A[a-z]+\\z');
    expect(input({ zone: 'a\n' })?.success).toBe(false);
    expect(input({ address: '10.0.0.1' })?.success).toBe(true);
    expect(input({ address: '10.0.0' })?.error?.issues[0]?.message).toBe('expected an IPv4 address');
    expect(input({ mode: 'loud' })?.success).toBe(false);
    expect(input({ count: 1.5 })?.success).toBe(false);
    expect(input({ extra: { a: [1] }, names: ['x', 2], wait: 0.1, force: true })?.success).toBe(true);
    expect(input({ surprise: 1 })?.success).toBe(false);
  });

  it('fills in a default only where the input must be there, as its ancestors did', () => {
    expect(input({})?.data).not.toHaveProperty('wait');
  });

  it('takes outputs as they come and fills in their defaults', () => {
    expect(action?.output.parse({ state: 'warm', more: [1] })).toEqual({
      flushed: 0,
      state: 'warm',
      more: [1],
    });
  });

  it.each([
    ['{', /^$/],
    [file({ version: 'new' }), /^metadata\.version: a version such as 1\.2\.3/],
    [file({ name: 'My-Agent' }), /^metadata\.name: lower case/],
    [file({}, { input: { 'a b': { type: 'string' } } }), /^actions\.0\.input\.a b: /],
    [file({}, { input: { zone: { type: 'text' } } }), /^actions\.0\.input\.zone\.type: /],
    [file({}, { input: { zone: { type: 'list' } } }), /^actions\.0\.input\.zone: a list input needs 'list'/],
    [
      file({}, { input: { zone: { type: 'string', validation: '(?=x)', maxlength: 1 } } }),
      /^actions\.0\.input\.zone: regular expression \/\(\?=x\)\//,
    ],
    [
      file({}, { input: { zone: { type: 'integer', optional: false, default: 'many' } } }),
      /^actions\.0\.input\.zone: the default "many": /,
    ],
    [file({}, { aggregate: [{ function: 'summary', args: ['stat'] }] }), /is of 'stat', which is no output/],
    [JSON.stringify({ metadata, actions: [flush, flush] }), /'flush' is there twice/],
  ])('that is wrong is refused with file, path and reason (%#)', (text, expected) => {
    expect(faultsOf(text)[0] ?? '').toMatch(expected);
  });

  it('with an aggregate of its own loads without it, and says so; those of well-known plug-ins count', () => {
    const aggregate = ['median', 'boolean_summary'].map((name) => ({ function: name, args: [':state', {}] }));
    const { ddl, warnings } = read(file({}, { aggregate }));
    expect(ddl.actions.flush?.aggregate).toEqual([{ function: 'summary', output: 'state' }]);
    expect(warnings).toEqual([
      "actions.0.aggregate.0: no aggregate 'median' here, left out; there are summary, average, sum, chart, boolean_summary, nagios_states",
    ]);
  });

  it('with several faults names them all', () => {
    expect(faultsOf(file({ version: 'new', timeout: 0 }))).toHaveLength(2);
  });

  it('may mark inputs and outputs as secret, and keeps that when it is written', () => {
    const pin = { prompt: 'Pin', description: 'Pin', type: 'string', validation: '.', maxlength: 9 };
    const marked = {
      input: { pin: { ...pin, optional: true, secret: true }, hash: { ...pin, type: 'hash' } },
      output: { pass: { description: 'Pass', secret: true }, state: { description: 'State' } },
      aggregate: [],
    };
    const { actions } = read(file({}, marked)).ddl;
    const flushed = actions.flush;
    if (flushed === undefined) throw new Error('the action is not there');
    expect([secretFieldsOf(flushed.input), secretFieldsOf(flushed.output)]).toEqual([['pin'], ['pass']]);
    expect(writeJsonDdl(read(file({}, marked)).ddl)).toMatchObject({
      actions: [{ input: { pin: { secret: true } }, output: { pass: { secret: true } } }],
    });
  });

  it('is written again as it was read', () => {
    const written = writeJsonDdl(ddl, 'external');
    const again = read(JSON.stringify(written));
    expect(writeJsonDdl(again.ddl, 'external')).toEqual(written);
    expect(written).toMatchObject({
      metadata,
      actions: [
        { input: { zone: { validation: '\\A[a-z]+\\z', maxlength: 5, optional: false, type: 'string' } } },
      ],
    });
  });
});

test("Muster's own contracts are published in a form that reads back with the same inputs", async () => {
  for (const ddl of await loadDdls()) {
    const written = writeJsonDdl(ddl);
    const back = readJsonDdl(JSON.stringify(written), ddl.name).ddl;
    expect(Object.keys(back.actions)).toEqual(Object.keys(ddl.actions));
    for (const [name, action] of Object.entries(ddl.actions)) {
      const own = Object.keys(action.input.shape);
      expect(Object.keys(back.actions[name]?.input.shape ?? {}), `${ddl.name}#${name}`).toEqual(own);
    }
    expect(writeJsonDdl(back)).toEqual(written);
  }
});

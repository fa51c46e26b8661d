import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  type ActionInput,
  type ActionOutput,
  defineDdl,
  nothing,
  type ParsedInput,
  REPLY_STATUS,
} from '../../../src/core/ddl.ts';

const greeter = defineDdl({
  name: 'greeter',
  description: 'Greet',
  version: '1.0.0',
  author: 'test',
  license: 'Apache-2.0',
  url: 'https://example.org',
  timeoutS: 5,
  actions: {
    greet: {
      description: 'Say hello',
      display: 'always',
      input: z.strictObject({ name: z.string(), times: z.number().int().default(1) }),
      output: z.strictObject({ said: z.string() }),
    },
    leave: { description: 'Say good-bye', display: 'failed', input: nothing, output: nothing },
  },
});

test('a DDL is the value that was declared', () => {
  expect(greeter.name).toBe('greeter');
  expect(Object.keys(greeter.actions)).toEqual(['greet', 'leave']);
});

test('the types of an action come from its schemas: the caller may leave out defaults, the code has them', () => {
  expectTypeOf<ActionInput<typeof greeter, 'greet'>>().toEqualTypeOf<{
    name: string;
    times?: number | undefined;
  }>();
  expectTypeOf<ParsedInput<typeof greeter, 'greet'>>().toEqualTypeOf<{ name: string; times: number }>();
  expectTypeOf<ActionOutput<typeof greeter, 'greet'>>().toEqualTypeOf<{ said: string }>();
});

test('an undeclared key is refused, by an action without input too', () => {
  expect(greeter.actions.greet.input.safeParse({ name: 'a', nmae: 'b' }).success).toBe(false);
  expect(nothing.safeParse({ force: true }).success).toBe(false);
  expect(nothing.safeParse({}).success).toBe(true);
});

test('reply statuses have the numbers of MCollective', () => {
  expect(REPLY_STATUS).toEqual({
    ok: 0,
    aborted: 1,
    unknownAction: 2,
    missingData: 3,
    invalidData: 4,
    unknownError: 5,
  });
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { secretFieldsOf, secretsIn } from '../../../src/core/secret-fields.ts';

const secret = z.string().meta({ secret: true });

test('fields that are marked are found, under any wrapping and at any depth', () => {
  const schema = z.strictObject({
    plain: z.string(),
    marked: secret,
    optional: secret.optional(),
    with_default: secret.default('x'),
    after: z.string().optional().meta({ secret: true }),
    list: z.array(secret),
    map: z.record(z.string(), secret),
    nested: z.strictObject({ inner: z.strictObject({ password: secret.nullable() }) }),
    either: z.union([z.number(), secret]),
    piped: z.string().pipe(secret),
    late: z.lazy(() => secret),
    described: secret.describe('a password'),
    other_meta: z.string().meta({ prompt: 'x' }),
  });
  const plain = ['plain', 'other_meta'];
  expect(secretFieldsOf(schema)).toEqual(Object.keys(schema.shape).filter((name) => !plain.includes(name)));
});

test('a schema that holds itself is walked once', () => {
  const node: z.ZodObject = z.strictObject({
    get next() {
      return node.optional();
    },
    password: secret,
  });
  expect(secretFieldsOf(node)).toEqual(['next', 'password']);
});

test('only the secrets that a value holds count', () => {
  const schema = z.strictObject({ name: z.string(), password: secret.optional() });
  expect(secretsIn(schema, { name: 'x' })).toEqual([]);
  expect(secretsIn(schema, { password: 'x' })).toEqual(['password']);
  expect(secretsIn(schema, undefined)).toEqual([]);
});

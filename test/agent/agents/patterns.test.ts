import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadAgents } from '../../../agent/load-agents.ts';
import { compileRegex } from '../../../src/core/regex.ts';

/** Patterns of all texts of a schema, however deep. */
function patternsOf(schema: z.ZodType): string[] {
  const found: string[] = [];
  JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }), (key, value: unknown) => {
    if (key === 'pattern' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

test('the patterns of all inputs are RE2, so that a published DDL can be read where there is no other', async () => {
  const patterns = [...(await loadAgents(undefined)).values()].flatMap(({ ddl }) =>
    Object.values(ddl.actions).flatMap(({ input }) => patternsOf(input)),
  );
  expect(patterns.length).toBeGreaterThan(20);
  for (const pattern of patterns) expect(() => compileRegex(pattern)).not.toThrow();
});

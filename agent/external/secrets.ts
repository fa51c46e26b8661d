import type { DdlSchema } from '../../src/core/ddl.ts';
import { secretFieldsOf } from '../../src/core/secret-fields.ts';

/** Shorter ones would tear holes into every text. */
const LEAST_CHARS = 4;

/** Every text within the fields of an input that are secret, to be kept out of logs and messages. Pure. */
export function givenSecrets(schema: DdlSchema | undefined, input: object): string[] {
  if (schema === undefined) return [];
  const given = new Map<string, unknown>(Object.entries(input));
  return secretFieldsOf(schema)
    .flatMap((name) => textsIn(given.get(name)))
    .filter((text) => text.length >= LEAST_CHARS);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

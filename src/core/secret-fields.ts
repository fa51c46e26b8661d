import { z } from 'zod';

const known = new WeakMap<z.core.$ZodType, readonly string[]>();

/**
 * The fields of an input or output that hold a secret: those marked with `.meta({ secret: true })`, and those in which
 * something that is marked lies deeper. Found once a schema. Pure.
 */
export function secretFieldsOf(schema: z.ZodObject): readonly string[] {
  const found =
    known.get(schema) ??
    Object.entries(schema.shape).flatMap(([name, field]) => (holdsSecret(field, new Set()) ? [name] : []));
  known.set(schema, found);
  return found;
}

/** The secret fields that `value` holds. Pure. */
export function secretsIn(schema: z.ZodObject, value: unknown): readonly string[] {
  const given: object = Object(value);
  return secretFieldsOf(schema).filter((name) => Object.hasOwn(given, name));
}

/** Is this schema, or anything below it, marked? `seen` stops at schemas that hold themselves. */
function holdsSecret(schema: z.core.$ZodType, seen: Set<z.core.$ZodType>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (z.globalRegistry.get(schema)?.secret === true) return true;
  return partsOf(schema).some((part) => holdsSecret(part, seen));
}

/** The schemas that a schema is made of, whatever its kind. */
function partsOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = schema._zod;
  const values: unknown[] = Object.values(def);
  if (schema instanceof z.ZodObject) values.push(...Object.values(schema.shape));
  if (schema instanceof z.ZodLazy) values.push(schema.unwrap());
  return values.flat().filter((value): value is z.core.$ZodType => value instanceof z.core.$ZodType);
}

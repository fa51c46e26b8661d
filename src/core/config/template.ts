import { stringify } from 'yaml';
import { z } from 'zod';
import { unwrap } from './explain.ts';

type Tree = Readonly<Record<string, unknown>>;

/**
 * A config file for people: every setting of the schema with its description, those in `values` set, all others there with
 * their default and commented out. Pure.
 */
export function configTemplate(schema: z.ZodObject, values: Tree): string {
  return `${section(schema, values, '', false).join('\n').trim()}\n`;
}

function section(schema: z.ZodObject, values: Tree | undefined, indent: string, top: boolean): string[] {
  const shape: Record<string, z.core.$ZodType> = schema.shape;
  return Object.entries(shape).flatMap(([key, inner]) => {
    const value = values?.[key];
    const description = describe(inner);
    const comment = description === '' ? [] : [`${indent}# ${description}`];
    const lines = [...comment, ...setting(key, inner, value, indent)];
    return indent === '' && !top ? ['', ...lines] : lines;
  });
}

function setting(key: string, schema: z.core.$ZodType, value: unknown, indent: string): string[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) {
    const tree = isTree(value) ? value : undefined;
    const inner = section(bare, tree, `${indent}  `, true);
    return tree === undefined
      ? [`${indent}#${key}:`, ...inner.map(commentedOut)]
      : [`${indent}${key}:`, ...inner];
  }
  const shown = value ?? fallback(schema);
  const text = shown === undefined ? `${key}:` : stringify({ [key]: shown }, { lineWidth: 0 }).trimEnd();
  return text.split('\n').map((line) => `${indent}${value === undefined ? '#' : ''}${line}`);
}

function commentedOut(line: string): string {
  return /^\s*#/.test(line) ? line : line.replace(/^(\s*)/, '$1#');
}

function describe(schema: z.core.$ZodType): string {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  const inside =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return inside ? describe(schema.unwrap()) : '';
}

function fallback(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.defaultValue;
  return undefined;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

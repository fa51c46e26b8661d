import { z } from 'zod';
import { unwrap } from '../../../core/config/explain.ts';
import type { Ddl, DdlAction, DdlSchema } from '../../../core/ddl.ts';
import { MusterError } from '../../../core/errors.ts';
import { amongKnown } from '../../../core/nearest.ts';
import { secretFieldsOf } from '../../../core/secret-fields.ts';
import { schemaRows } from '../docs/schema.ts';

const YES = /^(true|yes|1)$/i;
const NO = /^(false|no|0)$/i;

/** The action as typed. Throws USAGE that names those there are. Pure. */
export function actionNamed(ddl: Ddl, action: string): DdlAction {
  const spec = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  if (spec !== undefined) return spec;
  const all = Object.keys(ddl.actions);
  throw new MusterError('USAGE', `${ddl.name} has no action '${action}'${amongKnown(action, all, 'it has')}`);
}

/** `key=value` texts by their names. Throws USAGE for a text without `=`, an input that there is not, and one given twice. Pure. */
export function inputTexts(
  where: string,
  schema: DdlSchema,
  texts: readonly string[],
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new MusterError('USAGE', `'${text}' is no input of ${where}; expected name=value`);
    const key = text.slice(0, at);
    if (!Object.hasOwn(schema.shape, key)) throw new MusterError('USAGE', unknownInput(where, schema, key));
    if (Object.hasOwn(given, key))
      throw new MusterError(
        'USAGE',
        `the input '${key}' of ${where} is given twice; expected one ${key}=VALUE`,
      );
    given[key] = text.slice(at + 1);
  }
  return given;
}

/**
 * Texts as the types that the DDL asks for: numbers, `true` and `false`, lists as JSON or separated by commas, maps as JSON. Throws
 * USAGE that names input, value and what was expected; of a secret not the value. Pure.
 */
export function typedInput(
  where: string,
  schema: DdlSchema,
  texts: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const given = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, typedField(schema, key, text)]),
  );
  checkInput(where, schema, given);
  return given;
}

/** Throws USAGE that names input, value and what was expected, for input that does not fit. Pure. */
export function checkInput(where: string, schema: DdlSchema, given: Record<string, unknown>): void {
  const checked = schema.safeParse(given);
  if (checked.success) return;
  const lines = checked.error.issues.map((issue) => problem(where, schema, given, issue));
  throw new MusterError('USAGE', [...new Set(lines)].join('\n'));
}

function typedField(schema: DdlSchema, key: string, text: string): unknown {
  const field = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
  return field === undefined ? text : typed(text, unwrap(field));
}

function unknownInput(where: string, schema: DdlSchema, key: string): string {
  return `${where} has no input '${key}'${amongKnown(key, Object.keys(schema.shape), 'it has')}`;
}

/** What cannot be typed stays a text, and the check of the whole says what was expected. */
function typed(text: string, type: z.core.$ZodType): unknown {
  if (type instanceof z.ZodString || type instanceof z.ZodEnum) return text;
  if (type instanceof z.ZodBoolean) return booleanOf(text);
  if (type instanceof z.ZodNumber) return numberOf(text) ?? text;
  if (type instanceof z.ZodArray) return jsonOf(text) ?? listOf(text, unwrap(type.element));
  if (type instanceof z.ZodObject || type instanceof z.ZodRecord) return jsonOf(text) ?? text;
  return z.safeParse(type, text).success ? text : scalarOf(text);
}

function booleanOf(text: string): boolean | string {
  if (YES.test(text)) return true;
  return NO.test(text) ? false : text;
}

function listOf(text: string, element: z.core.$ZodType): unknown[] {
  return text === '' ? [] : text.split(',').map((part) => typed(part, element));
}

function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}

/** A list or a map. */
function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function scalarOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function problem(
  where: string,
  schema: DdlSchema,
  given: Record<string, unknown>,
  issue: z.core.$ZodIssue,
): string {
  if (issue.path.length === 0 && issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownInput(where, schema, key)).join('\n');
  const key = String(issue.path[0] ?? '');
  const row = schemaRows(schema).find((one) => one.key === key || one.key.startsWith(`${key}.`));
  if (!Object.hasOwn(given, key)) {
    const about = [row?.description, row?.type]
      .filter((part) => part !== undefined && part !== '')
      .join(', ');
    return `${where} needs the input '${key}'${about === '' ? '' : ` (${about})`}`;
  }
  const value = secretFieldsOf(schema).includes(key) ? "'[redacted]'" : shown(given[key]);
  return `input '${issue.path.join('.')}' is ${value}; ${expected(issue, row?.type)}`;
}

function expected(issue: z.core.$ZodIssue, type: string | undefined): string {
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'expected a whole number';
  if (issue.code === 'invalid_type') return `expected ${type ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `expected ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_format' && issue.message.startsWith('Invalid string: must match pattern'))
    return `expected a text that matches ${issue.pattern ?? issue.format}`;
  return `expected ${issue.message.replace(/^(Invalid input: |Too (small|big): )/, '').replace(/^expected /, '')}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

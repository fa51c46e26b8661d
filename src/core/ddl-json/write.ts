import { z } from 'zod';
import type { Ddl, DdlAction } from '../ddl.ts';
import { DDL_SCHEMA_URL } from './format.ts';

interface Property {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly Property[];
  readonly allOf?: readonly Property[];
  readonly prompt?: string;
  readonly display_as?: string;
  readonly validation?: string;
  readonly secret?: boolean;
}

/** One input or output as the file says it. */
export interface FieldText {
  readonly description?: string;
  readonly prompt?: string;
  readonly display_as?: string;
  readonly type?: string;
  readonly optional?: boolean;
  readonly default?: unknown;
  readonly validation?: string;
  readonly maxlength?: number;
  readonly list?: readonly string[];
  readonly secret?: true;
}

/** Longest address, as text: IPv6 with an IPv4 in it. */
const ADDRESS_CHARS = 45;
/** Files want at least so many seconds. */
const MIN_TIMEOUT_S = 2;
const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  object: 'hash',
  array: 'array',
  // As a file said it, which was read.
  hash: 'hash',
  float: 'float',
  list: 'list',
};

/**
 * A contract in the form that Choria reads. What that form cannot say (a text of several patterns, a value of several types) is
 * widened, never narrowed: the node checks everything itself. Pure.
 */
export function writeJsonDdl(ddl: Ddl, provider?: string): Record<string, unknown> {
  const { name, description, author, license, version, url, timeoutS } = ddl;
  const timeout = Math.max(MIN_TIMEOUT_S, Math.ceil(timeoutS));
  return {
    $schema: DDL_SCHEMA_URL,
    metadata: {
      ...{ name, description, author, license, version, url, timeout },
      ...(provider === undefined ? {} : { provider }),
    },
    actions: Object.entries(ddl.actions).map(([action, spec]) => actionOf(action, spec)),
  };
}

function actionOf(action: string, { description, display, input, output, aggregate }: DdlAction): object {
  const sums = (aggregate ?? []).map(({ function: fn, output: of, format }) => ({
    function: fn,
    args: format === undefined ? [of] : [of, { format }],
  }));
  return {
    ...{ action, description, display },
    input: inputsOf(input),
    output: outputsOf(output),
    ...(sums.length === 0 ? {} : { aggregate: sums }),
  };
}

/** Inputs as the file has them, by name. Pure. */
export function inputsOf(schema: z.ZodObject): Record<string, FieldText> {
  const all = propertiesOf(schema, 'input').map(([name, field, required]) => [
    name,
    inputOf(name, field, required),
  ]);
  return Object.fromEntries(all);
}

/** Outputs as the file has them, by name. Pure. */
export function outputsOf(schema: z.ZodObject): Record<string, FieldText> {
  return Object.fromEntries(
    propertiesOf(schema, 'output').map(([name, field]) => [name, outputOf(name, field)]),
  );
}

function propertiesOf(schema: z.ZodObject, io: 'input' | 'output'): [string, Property, boolean][] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return Object.entries(properties).map(([name, field]) => [
    name,
    typeof field === 'boolean' ? {} : (field as Property),
    required.includes(name),
  ]);
}

function inputOf(name: string, field: Property, required: boolean): FieldText {
  const plain = plainOf(field);
  const type = typeOf(plain) ?? 'string';
  const value = field.default;
  return {
    prompt: field.prompt ?? plain.prompt ?? name,
    description: field.description ?? plain.description ?? name,
    type,
    // A default is filled in only for what is not optional.
    optional: !required && value === undefined,
    ...(value === undefined ? {} : { default: value }),
    ...(type === 'string' ? textOf(field, plain) : {}),
    ...(type === 'list' ? { list: (plain.enum ?? []).map(String) } : {}),
    ...secretOf(field, plain),
  };
}

function textOf(field: Property, plain: Property): FieldText {
  const address = addressOf(plain);
  if (address !== undefined) return { validation: address, maxlength: ADDRESS_CHARS };
  const all = [plain, ...(plain.allOf ?? [])];
  const patterns = all.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]));
  const [only] = patterns;
  const validation = field.validation ?? (patterns.length === 1 ? only : undefined) ?? '.*';
  return { validation, maxlength: plain.maxLength ?? 0 };
}

/** The named validator of an address, of one or of both kinds. */
function addressOf({ format, anyOf = [] }: Property): string | undefined {
  const formats = format === undefined ? anyOf.map((one) => one.format) : [format];
  if (formats.length === 0 || !formats.every((one) => one === 'ipv4' || one === 'ipv6')) return undefined;
  return new Set(formats).size > 1 ? 'ipaddress' : `${formats[0]}address`;
}

function outputOf(name: string, field: Property): FieldText {
  const plain = plainOf(field);
  const type = typeOf(plain);
  return {
    description: field.description ?? plain.description ?? name,
    display_as: field.display_as ?? plain.display_as ?? name,
    ...(type === undefined ? {} : { type: type === 'list' ? 'string' : type }),
    ...secretOf(field, plain),
  };
}

function secretOf(field: Property, plain: Property): { secret?: true } {
  return field.secret === true || plain.secret === true ? { secret: true } : {};
}

/** The type beside `null`. */
function plainOf(field: Property): Property {
  const [only, ...more] = (field.anyOf ?? []).filter(({ type }) => type !== 'null');
  return only !== undefined && more.length === 0 ? { ...field, ...only } : field;
}

function typeOf(field: Property): string | undefined {
  if (field.enum?.every((value) => typeof value === 'string')) return 'list';
  return field.type === undefined ? undefined : TYPES[field.type];
}

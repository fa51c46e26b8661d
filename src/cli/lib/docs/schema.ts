import { z } from 'zod';
import { unwrap } from '../../../core/config/explain.ts';

/** One documented setting. */
export interface SchemaRow {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

/** Every leaf of a schema, in order, with dotted keys; `*` stands for a name of one's own. Pure. */
export function schemaRows(schema: z.core.$ZodType, prefix = ''): SchemaRow[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = bare.shape;
    return Object.entries(shape).flatMap(([key, inner]) =>
      schemaRows(inner, prefix === '' ? key : `${prefix}.${key}`),
    );
  }
  if (bare instanceof z.ZodRecord && unwrap(bare.valueType) instanceof z.ZodObject)
    return schemaRows(bare.valueType, `${prefix}.*`);
  return [{ key: prefix, type: typeName(bare), fallback: fallbackOf(schema), description: describe(schema) }];
}

/** Rows as a Markdown table. */
export function schemaTable(rows: readonly SchemaRow[]): string {
  if (rows.length === 0) return 'No settings.\n';
  const lines = rows.map(
    (row) => `| \`${row.key}\` | ${cell(row.type)} | ${cell(row.fallback)} | ${cell(row.description)} |`,
  );
  return ['| key | type | default | meaning |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function describe(schema: z.core.$ZodType): string {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return describe(schema.unwrap());
  return '';
}

function fallbackOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodOptional) return 'none';
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return `\`${JSON.stringify(schema.def.defaultValue)}\``;
  return '**required**';
}

function typeName(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(' or ');
  if (schema instanceof z.ZodArray) return `list of ${typeName(unwrap(schema.element))}`;
  if (schema instanceof z.ZodRecord) return `map of ${typeName(unwrap(schema.valueType))}`;
  if (schema instanceof z.ZodUnion)
    return schema.options.map((option) => typeName(unwrap(option))).join(', or ');
  if (schema instanceof z.ZodUnknown) return 'any';
  return schema._zod.def.type;
}

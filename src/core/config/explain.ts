import { type Document, isMap, isSeq, type LineCounter, type Node } from 'yaml';
import { z } from 'zod';
import { amongKnown } from '../nearest.ts';

/** Dotted key → where it was set, e.g. `/etc/muster/muster.yaml:12`. */
export type Origins = Map<string, string>;

/** Notes the line of every key of a YAML document. */
export function rememberOrigins(
  document: Document,
  lines: LineCounter,
  path: string,
  origins: Origins,
): void {
  const walk = (node: unknown, key: string): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        const keyNode = pair.key as Node & { value?: unknown };
        const inner = key === '' ? String(keyNode.value) : `${key}.${String(keyNode.value)}`;
        origins.set(inner, `${path}:${lines.linePos(keyNode.range?.[0] ?? 0).line}`);
        walk(pair.value, inner);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) walk(item, `${key}.${index}`);
    }
  };
  walk(document.contents, '');
}

/** One line for each problem: where, key, value, what was expected. */
export function explainIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  tree: unknown,
  origins: Origins,
  file: string,
): string[] {
  return issues.flatMap((issue) => explainIssue(schema, issue, tree, origins, file));
}

function explainIssue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  tree: unknown,
  origins: Origins,
  file: string,
): string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const full = [...path, key].join('.');
      const hint = amongKnown(key, known, 'known here:');
      return `${originOf([...path, key], origins, file)}: unknown setting '${full}'${hint}`;
    });
  }
  const value = valueAt(tree, path);
  const where = originOf(path, origins, file);
  const key = path.join('.');
  if (value === undefined)
    return [`${where}: '${key}' is missing: ${descriptionAt(schema, path) || issue.message}`];
  return [`${where}: '${key}' is ${show(value)}; ${issue.message.replace(/^Invalid input: /, '')}`];
}

function originOf(path: readonly string[], origins: Origins, file: string): string {
  for (let length = path.length; length > 0; length -= 1) {
    const origin = origins.get(path.slice(0, length).join('.'));
    if (origin !== undefined) return origin;
  }
  return file;
}

/** A value as it may be shown: short, and never the value of a secret. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value: unknown = tree;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** The schema inside defaults, optionals and the like. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  ) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
}

function schemaAt(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType | null {
  let inner: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const bare: z.core.$ZodType = unwrap(inner);
    if (bare instanceof z.ZodObject) inner = bare.shape[part];
    else if (bare instanceof z.ZodRecord) inner = bare.valueType;
    else return null;
    if (inner === undefined) return null;
  }
  return inner;
}

function knownKeys(schema: z.ZodType, path: readonly string[]): string[] {
  const at = schemaAt(schema, path);
  const bare = at === null ? null : unwrap(at);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

function descriptionAt(schema: z.ZodType, path: readonly string[]): string {
  const at = schemaAt(schema, path);
  return at === null ? '' : (z.globalRegistry.get(at)?.description ?? '');
}

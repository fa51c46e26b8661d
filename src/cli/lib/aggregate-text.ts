import { z } from 'zod';
import type { AskReply } from '../../bus/ask.ts';
import type { Ddl } from '../../core/ddl.ts';

/** `Summary of X:` blocks and averages, as the action's DDL asks for them. Pure. */
export function aggregateLines(ddl: Ddl, action: string, replies: readonly AskReply<unknown>[]): string[] {
  const spec = ddl.actions[action];
  return (spec?.aggregate ?? []).flatMap(({ function: how, output }) => {
    const values = replies.flatMap(({ data }) =>
      data === null
        ? []
        : Object.entries(Object(data)).flatMap(([key, value]) => (key === output ? [value] : [])),
    );
    if (values.length === 0) return [];
    const head = `Summary of ${displayName(spec?.output.shape[output], output)}:`;
    const lines = how === 'average' ? [`   Average: ${average(values)}`] : counted(values);
    return [head, '', ...lines, ''];
  });
}

function counted(values: readonly unknown[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const rows = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([value]) => value.length));
  return rows.map(([value, count]) => `   ${value.padStart(width)} = ${count}`);
}

function average(values: readonly unknown[]): string {
  const numbers = values.filter((value) => typeof value === 'number');
  return (numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length)).toFixed(2);
}

function displayName(field: z.core.$ZodType | undefined, fallback: string): string {
  const meta = field === undefined ? undefined : z.globalRegistry.get(field);
  return typeof meta?.display_as === 'string' ? meta.display_as : fallback;
}

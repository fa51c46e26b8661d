import type { AskReply } from '../../bus/ask.ts';
import type { DdlAction, DdlAggregate } from '../../core/ddl.ts';
import { plain } from './plain.ts';
import { displayName } from './rpc/reply-text.ts';

/** One aggregate over all good replies. */
export interface Summary {
  readonly function: DdlAggregate['function'];
  readonly output: string;
  /** Name of the output as people read it. */
  readonly title: string;
  /** How often each value came, most frequent first; of `summary` only. */
  readonly counts?: readonly (readonly [value: string, count: number])[];
  /** Of `average` and `sum`; null when nobody gave a number. */
  readonly value?: number | null;
  /** All numbers, of `chart` only. */
  readonly numbers?: readonly number[];
}

const BARS = '▁▂▃▄▅▆▇█';
const BUCKETS = 20;

/** What the DDL's aggregates make of the good replies, in the order of the DDL. Pure. *Source:* MCollective's and Choria's aggregates. */
export function summarize(spec: DdlAction, replies: readonly AskReply<unknown>[]): Summary[] {
  return (spec.aggregate ?? []).map((aggregate) => {
    const { function: kind, output } = aggregate;
    const values = replies
      .filter((reply) => reply.status === 0)
      .flatMap(({ data }) => valuesOf(Object(data)[output]));
    const head = { function: kind, output, title: displayName(spec.output, output) };
    if (kind === 'summary') return { ...head, counts: counted(values) };
    const numbers = values.filter((value) => typeof value === 'number');
    if (kind === 'chart') return { ...head, numbers: [...numbers].sort((a, b) => a - b) };
    const sum = numbers.reduce((total, value) => total + value, 0);
    const value = numbers.length === 0 ? null : kind === 'sum' ? sum : sum / numbers.length;
    return { ...head, value };
  });
}

/** Summaries as people read them: a block each. Pure. */
export function summaryLines(spec: DdlAction, summaries: readonly Summary[]): string[] {
  return summaries.flatMap((summary, index) => {
    const { format } = spec.aggregate?.[index] ?? {};
    const lines = linesOf(summary, format);
    const body = lines.length === 0 ? ['No summary received'] : lines;
    return [`Summary of ${summary.title}:`, '', ...body.map((line) => `   ${line}`), ''];
  });
}

/** A row of bars, one for each part of the range, the highest for the fullest part. Pure. */
export function sparkline(numbers: readonly number[], buckets = BUCKETS): string {
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  const counts = new Array<number>(buckets).fill(0);
  for (const value of numbers) {
    const at = max === min ? 0 : Math.floor(((value - min) / (max - min)) * (buckets - 1));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  return counts
    .map((count) => BARS[count === 0 ? 0 : Math.ceil((count / most) * (BARS.length - 1))])
    .join('');
}

function linesOf(summary: Summary, format: string | undefined): string[] {
  const { counts, value, numbers, title } = summary;
  if (counts !== undefined) {
    const shown = counts.map(([text, count]) => [plain(text), count] as const);
    const width = Math.max(0, ...shown.map(([text]) => text.length));
    return shown.map(([text, count]) => formatted(format ?? `%${width}s = %d`, [text, count]));
  }
  if (numbers !== undefined) {
    if (numbers.length === 0) return [];
    const [min, max] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
    const average = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const figures = `min: ${rounded(min)} avg: ${rounded(average)} max: ${rounded(max)}`;
    return [`${title}: ${sparkline(numbers)}  ${figures}`];
  }
  if (value === null || value === undefined) return [];
  const name = summary.function === 'sum' ? 'Sum' : 'Average';
  return [formatted(format ?? `${name} of ${title}: %f`, [value])];
}

/**
 * printf for the few conversions that DDLs use: s, d, f with width, - and precision, and %%. A text with one number only takes the
 * last value: `%d nodes` of a count. Pure.
 */
export function formatted(format: string, values: readonly (string | number)[]): string {
  const wanted = format.match(/%(?!%)[-\d.]*[sdf]/g)?.length ?? 0;
  const left = wanted === 1 && /%[-\d.]*[df]/.test(format) ? values.slice(-1) : [...values];
  const rest = [...left];
  return format.replaceAll(/%(?:%|(-?)(\d*)(?:\.(\d+))?([sdf]))/g, (all, minus, width, digits, kind) => {
    if (all === '%%') return '%';
    const value = rest.shift() ?? '';
    const text =
      kind === 'f' ? Number(value).toFixed(digits === undefined ? 6 : Number(digits)) : String(value);
    const size = Number(width);
    return minus === '-' ? text.padEnd(size) : text.padStart(size);
  });
}

/** A list counts each of its values. */
function valuesOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function counted(values: readonly unknown[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

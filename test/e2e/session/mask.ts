import type { Typed } from './script.ts';

/** What differs from run to run, and what stands for it. Widths are kept where columns hang on them. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b\d+\.\d\d ?ms\b/g, '0.00 ms'],
  [/\b(max|min|avg): \d+\.\d\d/g, '$1: 0.00'],
  [/\b\d+\.\d s\b/g, '0.0 s'],
  [/\bchecktime=\d+\.\d+/g, 'checktime=0.000000'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/g, '2000-01-01T00:00:00Z'],
  [/"total_ms": \d+/g, '"total_ms": 0'],
  [/\brunonce-[0-9a-z]+-[0-9a-f]+/g, 'runonce-RUN'],
];

/** An output with what differs from run to run masked, and sorted where no order is promised. Pure. */
export function masked(text: string, anyOrder: Typed['anyOrder']): string {
  const plain = MASKS.reduce((before, [pattern, by]) => before.replace(pattern, by), text);
  if (anyOrder === undefined) return plain;
  const between = anyOrder === 'lines' ? '\n' : '\n\n';
  return sortedRuns(plain.split(between)).join(between);
}

/** Parts that follow each other and begin with the name of a node, sorted. */
function sortedRuns(parts: readonly string[]): string[] {
  const runs: string[][] = [];
  for (const part of parts) {
    const isNode = /^\S+\.lab\.test\b/.test(part);
    const last = runs.at(-1);
    if (isNode && last !== undefined && /^\S+\.lab\.test\b/.test(last[0] ?? '')) last.push(part);
    else runs.push([part]);
  }
  return runs.flatMap((run) => run.sort());
}

import type { Typed } from './script.ts';

/** What differs from run to run, and what stands for it; columns keep their widths. */
const MASKS: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/\b\d+\.\d\d ?ms\b/g, '0.00 ms'],
  [/\b(max|min|avg): \d+\.\d\d/g, '$1: 0.00'],
  [/\b\d+\.\d s\b/g, '0.0 s'],
  [/\bchecktime=\d+\.\d+/g, 'checktime=0.000000'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/g, '2000-01-01T00:00:00Z'],
  [/"(total_ms|request_time|discover_time)": \d+/g, '"$1": 0'],
  [/\brunonce-\d{8}-\d{6}-[0-9a-f]{6}/g, 'runonce-20000101-000000-00face'],
  [/\b(last completed run) .* ago/g, '$1 05 seconds ago'],
  [/\(seconds\): \S+ {2}min: .*/g, '(seconds): ▇▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇  min: 1.0    avg: 1.5    max: 2.0'],
  [/\b(Average of [A-Z][A-Za-z ]*): \d+\.\d+/g, '$1: 1.000000'],
  // Seconds since the epoch, ages, counters and sizes of the daemon, names of requests, digests.
  [/(Last Run:|\(epoch\):|config version) \d+/g, '$1 946684800'],
  [/\b(Since Last Run|\w+ age): \d+/g, '$1: 5'],
  [/(Process ID|Messages|Validation|Expired|Replayed|Filter|Replies Sent): \d+$/gm, '$1: 7'],
  [/\b(Memory|CPU Time): \d+\.\d+/g, '$1: 1.0'],
  [/\bNode\.js: v\S+/g, 'Node.js: v24.0.0'],
  [/\b[0-9a-f]{64}\b/g, '0'.repeat(64)],
  [/\b[0-9a-f]{32}\b/g, '0'.repeat(32)],
  [/\b5\.2\.\d+-\S+?(?=\.amd64| = )/g, '5.2.0-1'],
];

const OF_NODE = /^\S+\.lab\.test\b/;

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
    const last = runs.at(-1);
    if (last !== undefined && OF_NODE.test(part) && OF_NODE.test(last[0] ?? '')) last.push(part);
    else runs.push([part]);
  }
  return runs.flatMap((run) => run.sort());
}

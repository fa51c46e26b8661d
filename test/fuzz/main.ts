import { parseArgs } from 'node:util';
import { limitMs, sureMs, timed } from './cost.ts';
import { loadTargets } from './load.ts';
import { mutate, randomOf } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

const TOTAL = 1_000_000;
/** Memory that a target may gather, in bytes. */
const MOST_BYTES = 512 * 1024 * 1024;
const SHOWN_FAULTS = 5;

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
const targets = (await loadTargets()).filter(({ name }) => values.target?.includes(name) ?? true);
const runs = Number(values.runs ?? Math.ceil(TOTAL / targets.length));
console.info(`${runs} inputs for each of ${targets.length} targets, seed ${seed}`);
process.exitCode = targets.map(fuzz).includes(false) ? 1 : 0;

/** Feeds a target and says how it went; false when there was a fault. Keys are new in each process: a fault shows its input whole. */
function fuzz(target: FuzzTarget): boolean {
  const counts: Record<string, number> = {};
  const faults: string[] = [];
  const slowest = { ms: 0, seed };
  const limit = limitMs(target);
  const [startedMs, startedBytes] = [performance.now(), process.memoryUsage.rss()];
  for (let i = 0; i < runs; i++) {
    const input = mutate(target, randomOf(seed + i));
    const { verdict, ms } = timed(target, input);
    const tookMs = sureMs(target, input, ms, limit);
    if (tookMs > slowest.ms) Object.assign(slowest, { ms: tookMs, seed: seed + i });
    const key = verdict.kind === 'refused' ? verdict.reason : verdict.kind;
    counts[key] = (counts[key] ?? 0) + 1;
    if ('detail' in verdict) faults.push(`seed ${seed + i}: ${verdict.kind}: ${verdict.detail}`);
  }
  const grownBytes = process.memoryUsage.rss() - startedBytes;
  if (slowest.ms > limit)
    faults.push(
      `seed ${slowest.seed}: took ${Math.round(slowest.ms)} ms, the limit is ${Math.round(limit)} ms`,
    );
  if (grownBytes > MOST_BYTES) faults.push(`memory grew by ${grownBytes} bytes`);
  const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.info(
    `${target.name}: ${runs} in ${tookS} s, slowest ${slowest.ms.toFixed(1)} ms of CPU (seed ${slowest.seed}, limit ${limit.toFixed(0)} ms), memory ${Math.round(grownBytes / 1024 ** 2)} MB more`,
  );
  console.info(
    `  ${Object.entries(counts)
      .map(([key, count]) => `${key} ${count}`)
      .join(', ')}`,
  );
  for (const fault of faults.slice(0, SHOWN_FAULTS)) console.error(`  FAULT ${fault}`);
  if (faults.length > 0)
    console.error(
      `  ${faults.length} faults; something like it: --target ${target.name} --seed SEED --runs 1`,
    );
  return faults.length === 0;
}

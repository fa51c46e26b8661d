import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { PuppetRun } from '../../src/core/puppet-run-schema.ts';
import { exists, readIfThere, readTail, writeAtomic } from '../files.ts';
import { readReport } from './report.ts';
import { bootId, isAlive } from './run-process.ts';
import { judge, ownReport } from './verdict.ts';

/** What was asked for, written before anything is started. */
export const RunOrder = z.strictObject({
  run: z.string(),
  environment: z.string().nullable(),
  timeout_s: z.number(),
  started_at_ms: z.number(),
  boot_id: z.string(),
});
export type RunOrder = z.output<typeof RunOrder>;

/** How far a run is, from its files alone: `unclaimed` means that its script has not begun. */
export type Stand = { readonly kind: 'unclaimed' | 'running' | 'ended'; readonly order: RunOrder };

const MAX_OUTPUT_BYTES = 8192;

/** The order of a run folder, or null when there is none. Throws NODE_IO when it is broken. */
export async function readOrder(dir: string): Promise<RunOrder | null> {
  const text = await readIfThere(join(dir, 'run.json'));
  if (text === null) return null;
  try {
    return RunOrder.parse(JSON.parse(text));
  } catch (cause) {
    throw new MusterError('NODE_IO', `${dir}/run.json makes no sense`, { cause });
  }
}

/** Where the run of a folder stands. `exitcode` is looked for before and after the process, because it is written last. */
export async function standOf(dir: string, order: RunOrder): Promise<Stand> {
  if (await isOver(dir)) return { kind: 'ended', order };
  const sameBoot = order.boot_id === (await bootId());
  const pid = await readIfThere(join(dir, 'pid'));
  if (pid === null || pid.trim() === '') return { kind: sameBoot ? 'unclaimed' : 'ended', order };
  if (sameBoot && (await isAlive(pid))) return { kind: 'running', order };
  return { kind: 'ended', order };
}

/** Tells a running run, or judges one that ended and keeps the outcome in `result.json`. */
export async function describe(dir: string, { kind, order }: Stand, clock: Clock): Promise<PuppetRun> {
  if (kind !== 'ended') return unfinished(order, await readTail(join(dir, 'output'), MAX_OUTPUT_BYTES));
  const kept = await readIfThere(join(dir, 'result.json'));
  if (kept !== null) return JSON.parse(kept) as PuppetRun;
  const run = await finished(dir, order, clock);
  await writeAtomic(join(dir, 'result.json'), `${JSON.stringify(run)}\n`, { mode: 0o644 });
  await rm(join(dir, 'report.yaml'), { force: true });
  return run;
}

/** Removes all but the newest `keep` runs; `busy` is never removed. */
export async function prune(root: string, keep: number, busy: string | null): Promise<void> {
  const aged = await Promise.all(
    (await readdir(root)).map(async (name) => ({
      name,
      atMs: (await readOrder(join(root, name)).catch(() => null))?.started_at_ms ?? 0,
    })),
  );
  const old = aged.sort((a, b) => b.atMs - a.atMs).slice(keep);
  for (const { name } of old) if (name !== busy) await rm(join(root, name), { recursive: true, force: true });
}

async function isOver(dir: string): Promise<boolean> {
  return (await exists(join(dir, 'result.json'))) || (await exists(join(dir, 'exitcode')));
}

function unfinished(order: RunOrder, output: string): PuppetRun {
  const open = {
    verdict: null,
    reason: null,
    exitcode: null,
    environment: null,
    resources: null,
    failed_resources: [],
    ended_at_ms: null,
  };
  return { run: order.run, state: 'running', ...open, output, started_at_ms: order.started_at_ms };
}

async function finished(dir: string, order: RunOrder, clock: Clock): Promise<PuppetRun> {
  const exitcode = exitcodeOf(await readIfThere(join(dir, 'exitcode')));
  const output = await readTail(join(dir, 'output'), MAX_OUTPUT_BYTES);
  const readable = await readReport(join(dir, 'report.yaml')).catch(() => null);
  const report = ownReport({ startedAtMs: order.started_at_ms, report: readable });
  const times = {
    environment: order.environment,
    timeoutS: order.timeout_s,
    startedAtMs: order.started_at_ms,
  };
  return {
    run: order.run,
    state: 'finished',
    ...judge({ ...times, exitcode, report, output }),
    exitcode,
    environment: report?.environment ?? null,
    resources: report?.resources ?? null,
    failed_resources: [...(report?.failed ?? [])],
    output,
    started_at_ms: order.started_at_ms,
    ended_at_ms: await endOf(dir, clock),
  };
}

function exitcodeOf(text: string | null): number | null {
  const code = Number.parseInt(text ?? '', 10);
  return Number.isNaN(code) ? null : code;
}

async function endOf(dir: string, clock: Clock): Promise<number> {
  const written = await stat(join(dir, 'exitcode')).catch(() => null);
  return Math.round(written?.mtimeMs ?? clock.nowMs());
}

import { type FuzzTarget, feed, type Verdict } from './target.ts';

/** How much more than a genuine input any other may cost. */
const TIMES = 100;
/** No limit is less: below this a collection of garbage is all that would be found. Milliseconds. */
const LEAST_MS = 20;
const WARM_UP = 50;
const TRIES = 5;

/** Feeds an input, and takes the milliseconds of this thread's CPU: what else the machine does is not in them. */
export function timed(target: FuzzTarget, input: Buffer): { verdict: Verdict; ms: number } {
  const before = process.threadCpuUsage();
  const verdict = feed(target, input);
  const { user, system } = process.threadCpuUsage(before);
  return { verdict, ms: (user + system) / 1000 };
}

/** The most that an input of this target may cost, in ms of CPU: a hundred times what the genuine ones do in this process. */
export function limitMs(target: FuzzTarget): number {
  const costs = target.genuine.map((genuine) => least(WARM_UP, target, genuine));
  return Math.max(LEAST_MS, TIMES * Math.max(...costs));
}

/** What an input costs at its best, when `onceMs` was over the limit: the collection of garbage and the like come once. */
export function sureMs(target: FuzzTarget, input: Buffer, onceMs: number, limit: number): number {
  return onceMs <= limit ? onceMs : least(TRIES, target, input);
}

function least(tries: number, target: FuzzTarget, input: Buffer): number {
  return Math.min(...Array.from({ length: tries }, () => timed(target, input).ms));
}

/** One measured figure. Smaller is better for those with a bar. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What it is compared with, measured in the same run, in the same unit. */
  readonly baseline: { readonly name: string; readonly value: number };
  /** The value may not be over it. */
  readonly bar?: number;
}

/** A benchmark. A file in benches/ has one as its default export, and nothing else is edited. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(): Promise<readonly Figure[]>;
}

/** Rounds of which the middle one counts. */
const ROUNDS = 5;

/**
 * CPU time of one call of `work` in ms, user and system, all threads: the median of five rounds of `calls`, after one to
 * warm up. What else the machine does counts little in it.
 */
export async function cpuMs(calls: number, work: (index: number) => unknown): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) await work(i);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rounds.push((user + system) / 1000 / calls);
  }
  return median(rounds);
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

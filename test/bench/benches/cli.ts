import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type Figure, median } from '../bench.ts';

const MUSTER = join(import.meta.dirname, '../../../src/cli/muster');
const COMMANDS = ['--help', 'help rpc', 'ping --help'];
const ROUNDS = 21;
const BAR_S = 0.25;

/** Wall time of one run in s. */
function runS(program: string, argv: readonly string[], home: string): number {
  const env = { HOME: home, PATH: process.env.PATH };
  const beganMs = performance.now();
  const { status } = spawnSync(program, argv, { env, stdio: 'ignore' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return (performance.now() - beganMs) / 1000;
}

/** What every command costs before it does anything, in turn with a Node that does nothing. */
const cli: Bench = {
  name: 'cli',
  summary: `start of the command line, wall time, medians of ${ROUNDS} runs in turn`,
  async run() {
    const home = mkdtempSync(join(tmpdir(), 'muster-home-'));
    const took = new Map<string, number[]>(COMMANDS.map((line) => [line, []]));
    const start = (line: string) => runS(MUSTER, line.split(' '), home);
    const bare: number[] = [];
    // The first run of each also compiles.
    for (const line of COMMANDS) start(line);
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(runS(process.execPath, ['-e', '0'], home));
      for (const [line, times] of took) times.push(start(line));
    }
    rmSync(home, { recursive: true });
    const baseline = { name: 'node -e 0', value: median(bare) };
    return [...took].map(
      ([line, times]): Figure => ({
        name: `muster ${line}`,
        unit: 's',
        value: median(times),
        baseline,
        bar: BAR_S,
      }),
    );
  },
};
export default cli;

import type { Command } from 'commander';
import {
  askNodes,
  type FilterOptions,
  finishAsk,
  missingFields,
  sayAbsent,
  withFilterOptions,
} from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

interface PingOptions extends FilterOptions {
  readonly graph?: true;
  readonly expect?: string;
}

/** Width of a bar of `--graph`. *Source:* `mco ping --graph`. */
const BUCKET_MS = 50;

/** `muster ping`: who answers, and how fast. *Source:* `mco ping`, `choria ping`. */
export default {
  name: 'ping',
  register(program: Command): void {
    withFilterOptions(program.command('ping').description('ping all nodes'))
      .option('--graph', 'draw how the answers are spread over time')
      .option('--expect <count>', 'end when so many have answered; exit code 2 if fewer do')
      .action(ping);
  },
} satisfies CliCommand;

async function ping(options: PingOptions): Promise<void> {
  const { count } = await import('./lib/numbers.ts');
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const expected = options.expect === undefined ? null : count('--expect', options.expect);
  const times: [identity: string, ms: number][] = [];
  const asked = await askNodes(
    options,
    rpcutil,
    'ping',
    {},
    {
      ...(expected === null ? {} : { enough: expected }),
      onReply: ({ identity }, ms) => {
        times.push([identity, ms]);
        if (!options.json) say(`${identity.padEnd(40)} time=${ms.toFixed(2)} ms`);
      },
    },
  );
  if (options.json) {
    sayJson({
      replies: times.map(([sender, ms]) => ({ sender, time_ms: rounded(ms) })),
      ...missingFields(asked),
    });
  } else {
    const figures = times.map(([, ms]) => ms);
    say(`\n\n---- ping statistics ----\n${statistics(figures)}`);
    if (options.graph) for (const line of await graph(figures)) say(line);
    sayAbsent(asked);
  }
  finishAsk(asked, options.verbose);
  if (expected === null || asked.interrupted !== null || times.length >= expected) return;
  process.stderr.write(`--expect ${expected}: ${times.length} answered\n`);
  if (times.length > 0) process.exitCode = 2;
}

/** `3 replies max: 5.20 min: 1.10 avg: 3.00`. Pure. */
function statistics(times: readonly number[]): string {
  if (times.length === 0) return 'No responses received';
  const average = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const [max, min, avg] = [Math.max(...times), Math.min(...times), average].map((ms) => ms.toFixed(2));
  return `${times.length} replies max: ${max} min: ${min} avg: ${avg}`;
}

async function graph(times: readonly number[]): Promise<string[]> {
  if (times.length === 0) return [];
  const { sparkline } = await import('./lib/aggregates.ts');
  const buckets = Math.floor((Math.max(...times) - Math.min(...times)) / BUCKET_MS) + 1;
  return ['', `${sparkline(times, Math.min(buckets, 80))}  ${BUCKET_MS} ms each`];
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

import type { Command } from 'commander';
import { askExitCode, askNodes, type FilterOptions, saySilent, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

/** `muster ping`: who answers, and how fast. *Source:* `mco ping`. */
export default {
  name: 'ping',
  register(program: Command): void {
    withFilterOptions(program.command('ping').description('ping all nodes')).action(ping);
  },
} satisfies CliCommand;

async function ping(options: FilterOptions): Promise<void> {
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const asked = await askNodes(options, rpcutil, 'ping', {});
  const times = [...asked.replyMs].sort((a, b) => a[1] - b[1]);
  if (options.json) {
    sayJson({
      replies: times.map(([sender, ms]) => ({ sender, time_ms: rounded(ms) })),
      no_responses: asked.silent,
    });
  } else {
    for (const [identity, ms] of times) say(`${identity.padEnd(40)} time=${ms.toFixed(2)} ms`);
    say(`\n\n---- ping statistics ----\n${statistics(times.map(([, ms]) => ms))}`);
    saySilent(asked.silent);
  }
  process.exitCode = askExitCode(asked);
}

/** `3 replies max: 5.20 min: 1.10 avg: 3.00`. Pure. */
function statistics(times: readonly number[]): string {
  if (times.length === 0) return 'No responses received';
  const average = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const [max, min, avg] = [Math.max(...times), Math.min(...times), average].map((ms) => ms.toFixed(2));
  return `${times.length} replies max: ${max} min: ${min} avg: ${avg}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

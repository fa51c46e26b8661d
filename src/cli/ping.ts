import type { Command } from 'commander';
import { askNodes, type FilterOptions, finishAsk, saySilent, withFilterOptions } from './lib/ask.ts';
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
  const times: [identity: string, ms: number][] = [];
  const asked = await askNodes(options, rpcutil, 'ping', {}, ({ identity }, ms) => {
    times.push([identity, ms]);
    if (!options.json) say(`${identity.padEnd(40)} time=${ms.toFixed(2)} ms`);
  });
  if (options.json) {
    sayJson({
      replies: times.map(([sender, ms]) => ({ sender, time_ms: rounded(ms) })),
      no_responses: asked.silent,
    });
  } else {
    say(`\n\n---- ping statistics ----\n${statistics(times.map(([, ms]) => ms))}`);
    saySilent(asked.silent);
  }
  finishAsk(asked);
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

import type { Command } from 'commander';
import {
  type Asked,
  askNodes,
  type FilterOptions,
  finishAsk,
  goneLine,
  missingFields,
  withFilterOptions,
} from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

/** `muster find`: names of the nodes that the filters mean and that answer, one a line. *Source:* `mco find`. */
export default {
  name: 'find',
  register(program: Command): void {
    withFilterOptions(program.command('find').description('find nodes that match the filters')).action(find);
  },
} satisfies CliCommand;

async function find(options: FilterOptions): Promise<void> {
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const asked = await askNodes({ quiet: true, ...options }, rpcutil, 'ping', {});
  const names = asked.replies.map((reply) => reply.identity);
  if (options.json) sayJson({ nodes: names, ...missingFields(asked) });
  else {
    for (const name of names) say(name);
    tellMissing(asked, options.quiet === true);
  }
  finishAsk(asked, options.verbose);
}

/** On standard error, because the names are for other programs. */
function tellMissing({ silent, gone, interrupted }: Asked<unknown>, quiet: boolean): void {
  const notAsked = interrupted?.notAsked ?? [];
  if (silent.length > 0) process.stderr.write(`No response from: ${silent.join(', ')}\n`);
  if (gone.length > 0 && !quiet) process.stderr.write(`${goneLine(gone)}\n`);
  if (notAsked.length > 0) process.stderr.write(`Not asked: ${notAsked.join(', ')}\n`);
}

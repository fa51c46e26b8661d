import type { Command } from 'commander';
import {
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
  else for (const name of names) say(name);
  if (asked.silent.length > 0 && options.json === undefined) {
    process.stderr.write(`No response from: ${asked.silent.join(', ')}\n`);
  }
  if (asked.gone.length > 0 && options.json === undefined && options.quiet === undefined)
    process.stderr.write(`${goneLine(asked.gone)}\n`);
  if (asked.interrupted !== null && asked.interrupted.notAsked.length > 0 && options.json === undefined)
    process.stderr.write(`Not asked: ${asked.interrupted.notAsked.join(', ')}\n`);
  finishAsk(asked, options.verbose);
}

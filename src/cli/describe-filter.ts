import type { Command } from 'commander';
import { type FilterOptions, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

const LANGUAGE = `
-S reads one language for filters, in MCollective's words or Choria's:
  web and not country=uk            classes, and facts with =, !=, <, <=, >, >=, =~, !~
  (db or /^cache/) and cores>=4     parentheses; regular expressions between slashes
  fstat('/etc/hosts').md5=~/^4f/    what a data plug-in of the node says
  with('web') && fact('os.family') == 'Debian' || include(agents, 'puppet')`;

/** `muster describe-filter`: what filters mean, in words; nothing is sent. *Source:* `mco describe_filter`. */
export default {
  name: 'describe-filter',
  register(program: Command): void {
    const command = program
      .command('describe-filter')
      .alias('describe_filter')
      .description('say in words which nodes the filters mean; nothing is sent')
      .addHelpText('after', LANGUAGE);
    withFilterOptions(command).action(describe);
  },
} satisfies CliCommand;

async function describe(options: FilterOptions): Promise<void> {
  const { readFilter } = await import('./lib/filter-texts.ts');
  const { dataCalls } = await import('../core/filter/evaluate.ts');
  const { describeFilter } = await import('../core/filter/describe.ts');
  const { checkDataFields } = await import('./lib/data-fields.ts');
  const { wire, expression } = readFilter(options);
  await checkDataFields(expression);
  const lines = describeFilter(expression);
  const asks = dataCalls(expression).map(({ name }) => name);
  if (options.json === true) return sayJson({ filter: wire, description: lines, data: [...new Set(asks)] });
  if (expression.kind === 'always') return say('Every node is meant: no filter is given');
  say('A node is meant if it');
  for (const line of lines) say(`   ${line}`);
  if (asks.length > 0) say(`\nEach node is asked for data: ${[...new Set(asks)].join(', ')}`);
}

import type { Command } from 'commander';
import {
  askNodes,
  type FilterOptions,
  finishAsk,
  missingFields,
  saySummary,
  withFilterOptions,
} from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';
import { plain } from './lib/plain.ts';

/** `muster facts FACT`: how often each value of a fact is found. *Source:* `mco facts`. */
export default {
  name: 'facts',
  register(program: Command): void {
    const command = program
      .command('facts')
      .description('report the values of a fact over many nodes')
      .argument('<fact>', 'name of the fact');
    withFilterOptions(command, 'list the nodes under each value').action(facts);
  },
} satisfies CliCommand;

async function facts(fact: string, options: FilterOptions): Promise<void> {
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const asked = await askNodes(options, rpcutil, 'get_fact', { fact });
  const values = byValue(asked.replies);
  if (options.json) {
    const counted = values.map(([value, nodes]) => ({ value, count: nodes.length, nodes }));
    sayJson({ fact, values: counted, ...missingFields(asked) });
  } else {
    for (const line of factLines(fact, values, options.verbose === true)) say(line);
    saySummary(asked);
  }
  finishAsk(asked);
}

type Values = readonly (readonly [value: string, nodes: readonly string[]])[];

/** Values with the nodes that have them, most frequent first. Pure. */
function byValue(
  replies: readonly { readonly identity: string; readonly data: { readonly value?: unknown } | null }[],
): Values {
  const nodesOf = new Map<string, string[]>();
  for (const { identity, data } of replies) {
    const value = data?.value ?? null;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (value !== null) nodesOf.set(text, [...(nodesOf.get(text) ?? []), identity]);
  }
  return [...nodesOf].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
}

function factLines(fact: string, values: Values, verbose: boolean): string[] {
  const found = values.flatMap(([value, nodes]) => [
    `        ${plain(value).padEnd(40)} found ${nodes.length} times`,
    ...(verbose ? ['', ...nodes.map((node) => `            ${node}`), ''] : []),
  ]);
  return [`Report for fact: ${fact}`, '', ...(found.length === 0 ? ['        No values found'] : found), ''];
}

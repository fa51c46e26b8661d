import type { Command } from 'commander';
import type { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import type { ActionOutput } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import { askNodes, type FilterOptions, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { say, sayJson } from './lib/output.ts';

/** `muster inventory NODE`: what one node says of itself. *Source:* `mco inventory`. */
export default {
  name: 'inventory',
  register(program: Command): void {
    const command = program
      .command('inventory')
      .description('show agents, classes and facts of one node')
      .argument('<node>', 'name of the node');
    withFilterOptions(command).action(inventory);
  },
} satisfies CliCommand;

async function inventory(node: string, options: FilterOptions): Promise<void> {
  const { rpcutil: ddl } = await import('../../agent/agents/rpcutil.ddl.ts');
  const { replies, lost } = await askNodes({ ...options, withIdentity: [node] }, ddl, 'inventory', {});
  const [reply] = replies;
  if (reply === undefined)
    throw lost ?? new MusterError('NODE_UNREACHABLE', `${node} did not answer within ${options.timeout} s`);
  if (reply.data === null) throw new MusterError('RPC_FAILED', `${node}: ${reply.message}`);
  if (options.json) sayJson({ node, ...reply.data });
  else for (const line of lines(node, reply.data)) say(line);
}

function lines(node: string, data: ActionOutput<typeof rpcutil, 'inventory'>): string[] {
  const facts = Object.entries(data.facts).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Inventory for ${node}:`,
    '',
    '   Server Statistics:',
    `                      Version: ${data.version}`,
    `              Main Collective: ${data.main_collective}`,
    `                  Collectives: ${data.collectives.join(', ')}`,
    '',
    '   Agents:',
    `      ${[...data.agents].sort().join(' ')}`,
    '',
    '   Configuration Management Classes:',
    `      ${data.classes.length === 0 ? 'none' : [...data.classes].sort().join(' ')}`,
    '',
    '   Facts:',
    ...facts.map(([fact, value]) => `      ${fact} => ${value}`),
  ];
}

import type { Command } from 'commander';
import { isErrorCode, MusterError } from '../core/errors.ts';
import {
  type Asked,
  askExitCode,
  askNodes,
  type FilterOptions,
  finishAsk,
  interruptedError,
  onlyNodes,
  withFilterOptions,
} from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { interruption, nullIfStopped } from './lib/interruption.ts';
import type { Statistics } from './lib/inventory-text.ts';
import { reportError, say, sayJson } from './lib/output.ts';

interface InventoryOptions extends FilterOptions {
  readonly listCollectives?: true;
}

/** `muster inventory NODE`: what one node says of itself. *Source:* `mco inventory`. */
export default {
  name: 'inventory',
  register(program: Command): void {
    const command = program
      .command('inventory')
      .description('show statistics, agents, data plug-ins, classes and facts of one node')
      .argument('[node]', 'name of the node')
      .option('--list-collectives', 'list collectives and how many nodes live in each instead');
    withFilterOptions(command).action(inventory);
  },
} satisfies CliCommand;

async function inventory(node: string | undefined, options: InventoryOptions): Promise<void> {
  if (options.listCollectives === true) return listCollectives(options);
  if (node === undefined) throw new MusterError('USAGE', 'give the name of a node, or --list-collectives');
  const { checkedName } = await import('./lib/discovery/names.ts');
  checkedName(node, 'inventory');
  const { rpcutil } = await import('../../agent/agents/rpcutil.ddl.ts');
  const { inventoryLines } = await import('./lib/inventory-text.ts');
  const asked = await askNodes(onlyNodes(options, [node]), rpcutil, 'inventory', {});
  const data = asked.replies[0]?.data ?? null;
  if (data === null) {
    reportError(failureOf(node, asked), { json: options.json === true, command: 'inventory' });
    process.exitCode = askExitCode(asked);
    return;
  }
  const statistics = await statisticsOf(node, options);
  const interrupted = interruption();
  if (options.json)
    sayJson({
      ...{ node, ...data },
      ...(statistics === null ? {} : { statistics: statistics.data }),
      ...(interrupted === null ? {} : { interrupted: { signal: interrupted.signal } }),
    });
  else for (const line of inventoryLines(node, data, statistics)) say(line);
  finishAsk({ ...asked, interrupted }, options.verbose);
}

/** Why the node told nothing of itself. */
function failureOf(node: string, asked: Asked<unknown>): MusterError {
  const [reply] = asked.replies;
  if (reply !== undefined)
    return new MusterError(isErrorCode(reply.code) ? reply.code : 'RPC_FAILED', `${node}: ${reply.message}`);
  if (asked.lost !== null) return asked.lost;
  if (asked.interrupted !== null) return interruptedError(asked);
  return new MusterError('NODE_UNREACHABLE', `${node} did not answer within its time`);
}

/** Counters of the daemon with their names; null when it does not tell them. */
async function statisticsOf(node: string, options: InventoryOptions): Promise<Statistics | null> {
  const { loadDdl } = await import('./lib/ddls.ts');
  const ddl = await loadDdl('rpcutil');
  const action = ddl.actions.daemon_stats;
  if (action === undefined) return null;
  const asked = await askNodes(onlyNodes(options, [node]), ddl, 'daemon_stats', {}).catch(nullIfStopped);
  const data = asked?.replies[0]?.data ?? null;
  return data === null ? null : { data, output: action.output };
}

async function listCollectives(options: InventoryOptions): Promise<void> {
  const { readSettings } = await import('./lib/settings.ts');
  const { withStore } = await import('./lib/store.ts');
  const { createRegistry, overdue } = await import('../controller/registry.ts');
  const { systemClock } = await import('../core/clock.ts');
  const { collectiveLines, countCollectives } = await import('./lib/inventory-text.ts');
  const nodes = await withStore(await readSettings(options), (door) =>
    createRegistry(door, systemClock).list(),
  );
  const counts = countCollectives(nodes);
  const gone = [...overdue(nodes)];
  if (options.json) sayJson({ collectives: Object.fromEntries(counts), nodes: nodes.length, gone });
  else for (const line of collectiveLines(counts, nodes.length, gone.length)) say(line);
}

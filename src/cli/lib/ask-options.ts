import type { Command } from 'commander';
import { type ConfigOptions, withConfigOptions } from './settings.ts';

/** Which nodes a command is for and how they are asked, as typed. */
export interface FilterOptions extends ConfigOptions {
  readonly withIdentity?: readonly string[];
  readonly withFact?: readonly string[];
  readonly withAgent?: readonly string[];
  readonly withClass?: readonly string[];
  readonly with?: readonly string[];
  readonly select?: readonly string[];
  readonly target?: string;
  readonly timeout?: string;
  readonly ttl?: string;
  readonly dm?: string;
  readonly do?: readonly string[];
  readonly nodes?: string;
  readonly dt?: string;
  readonly limit?: string;
  readonly limitSeed?: string;
  readonly one?: true;
  readonly batch?: string;
  readonly batchSleep?: string;
  readonly progress?: boolean;
  readonly quiet?: true;
  readonly yes?: true;
  readonly verbose?: true;
  readonly json?: true;
}

/** Ways to find the nodes of a request; `muster help rpc` explains them. */
export const DISCOVERY_METHODS = [
  'registry',
  'broadcast',
  'identities',
  'file',
  'stdin',
  'external',
] as const;
/** One of {@link DISCOVERY_METHODS}. */
export type DiscoveryMethodName = (typeof DISCOVERY_METHODS)[number];

/** Names that users of MCollective and Choria know. */
export const METHOD_ALIASES: Readonly<Record<string, DiscoveryMethodName>> = {
  mc: 'broadcast',
  choria: 'registry',
  inventory: 'registry',
  flatfile: 'file',
};

/** What `--verbose` means unless a command says otherwise. */
const STATISTICS = 'print statistics of the request on standard error';

/** Gathers an option that may be repeated. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/**
 * Adds the filters of `mco`, discovery, limits, batches, `--json`, `--verbose` and the config options to a command; `verbose` says
 * what that one means there.
 * *Source:* `mco help rpc`, filter, RPC and common options; `choria req --help`.
 */
export function withFilterOptions(command: Command, verbose = STATISTICS): Command {
  const filtered = command
    .option('-I, --with-identity <name>', 'only this node, or /regex/; may be repeated', collect)
    .option('-F, --with-fact <fact=value>', 'only nodes with this fact; =, !=, <, <=, >, >=, =~, !~', collect)
    .option('-C, --with-class <class>', 'only nodes with this class, or /regex/', collect)
    .option('-A, --with-agent <agent>', 'only nodes that serve this agent, or /regex/', collect)
    .option('-W, --with <filter>', 'classes and facts, separated by spaces', collect)
    .option('-S, --select <filter>', 'compound filter; see muster describe-filter', collect)
    .option('-T, --target <collective>', 'collective (default: the production one)')
    .option('--dm <method>', `how nodes are found: ${DISCOVERY_METHODS.join(', ')}`)
    .option('--do <key=value>', 'option of the method: file=PATH, command=PROGRAM', collect)
    .option('--nodes <file>', 'ask the nodes in this file, one a line; - is standard input')
    .option('--dt <seconds>', 'longest wait while nodes are found (default: 2, a program 10)')
    .option('--limit <count>', 'ask so many nodes only: a number, or a part such as 10%')
    .option('--limit-seed <number>', 'choose those of --limit by chance; the same number, the same choice')
    .option('-1, --one', 'ask one node only')
    .option('--batch <size>', 'ask so many nodes at a time: a number, or a part such as 10%')
    .option('--batch-sleep <seconds>', 'wait between batches (default: 1)');
  return withConfigOptions(
    filtered
      .option('-t, --timeout <seconds>', "longest wait for answers (default: the agent's own)")
      .option('--ttl <seconds>', 'how long nodes may take the request (default: as long as we wait)')
      .option('--np, --no-progress', 'no progress bar')
      .option('-q, --quiet', 'say nothing of how nodes are found')
      .option('-v, --verbose', verbose)
      .option('--yes', 'change the whole fleet without being asked')
      .option('-j, --json', 'print one JSON document'),
  );
}

/** The options of a request for these nodes alone, whatever the nodes of the command were found by. Pure. */
export function onlyNodes<O extends FilterOptions>(options: O, names: readonly string[]): FilterOptions {
  const { config, set, target, timeout, ttl, progress, quiet, json } = options;
  const kept = { config, set, target, timeout, ttl, progress, quiet, json };
  const given = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return { ...given, dm: 'identities', withIdentity: [...names] };
}

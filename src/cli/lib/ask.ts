import type { Command } from 'commander';
import type { AskReply } from '../../bus/ask.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import { parseFacts } from './facts.ts';
import { paint, reportError, say } from './output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './settings.ts';

/** Which nodes a command is for, as typed. */
export interface FilterOptions extends ConfigOptions {
  readonly withIdentity?: readonly string[];
  readonly withFact?: readonly string[];
  readonly withAgent?: readonly string[];
  readonly target?: string;
  readonly timeout: string;
  readonly json?: true;
}

/** What came of a request to many nodes. */
export interface Asked<O> {
  readonly replies: readonly AskReply<O>[];
  /** Nodes that should have answered and did not. */
  readonly silent: readonly string[];
  readonly tookMs: number;
  /** Why the connection was lost, when it was and somebody's answer may have been lost with it. */
  readonly lost: MusterError | null;
}

/** Is told each answer as it comes, and how many milliseconds after the request. */
type HearReply<O> = (reply: AskReply<O>, afterMs: number) => void;

/** Adds the filters of `mco`, `--json` and the config options to a command. *Source:* `mco help rpc`, filter options. */
export function withFilterOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []): string[] => [...before, value];
  return withConfigOptions(
    command
      .option('-I, --with-identity <name>', 'only this node, may be repeated', collect)
      .option('-F, --with-fact <fact=value>', 'only nodes with this fact, may be repeated', collect)
      .option('-A, --with-agent <agent>', 'only nodes that serve this agent, may be repeated', collect)
      .option('-T, --target <collective>', 'collective (default: the production one)')
      .option('-t, --timeout <seconds>', 'longest wait', '5')
      .option('--json', 'print one JSON document'),
  );
}

/**
 * Asks all nodes that the filters mean. Nobody waits for a fixed time: the registry knows who should answer, and the
 * request ends when all have; `hear` is told each answer as it comes. Throws USAGE, CONFIG_INVALID, REDIS_UNREACHABLE, BROKER_UNREACHABLE, BROKER_REFUSED.
 */
export async function askNodes<D extends Ddl, N extends ActionName<D>>(
  options: FilterOptions,
  ddl: D,
  action: N,
  input: ActionInput<D, N>,
  hear: HearReply<ActionOutput<D, N>> = () => undefined,
): Promise<Asked<ActionOutput<D, N>>> {
  const timeoutS = Number(options.timeout);
  if (!(timeoutS > 0)) throw new MusterError('USAGE', `--timeout is '${options.timeout}'; expected seconds`);
  const config = await readSettings(options);
  const { openFleet } = await import('./fleet.ts');
  const { askEach, holdsSecret, withRole } = await import('./ask-each.ts');
  const fleet = await openFleet(config, timeoutS);
  try {
    const collective = options.target ?? config.collectives.production;
    const filter = filterOf(options, ddl.name);
    const expected = await expectedOf(fleet.registry, collective, filter);
    const startedAtMs = performance.now();
    const sinceMs = () => performance.now() - startedAtMs;
    const onReply = (reply: AskReply<ActionOutput<D, N>>) => hear(reply, sinceMs());
    const { silent, replies } = holdsSecret(ddl, action, input)
      ? await askEach(fleet.rpc, collective, ddl, action, input, {
          nodes: await Promise.all(expected.map((identity) => withRole(fleet.registry, identity))),
          ...{ timeoutS, onReply },
        })
      : await fleet.rpc.ask(collective, ddl, action, input, {
          ...{ filter, expected, timeoutS, onReply },
          // Nobody else need read what is for a few named ones.
          ...(filter.identity.length > 0 ? { to: filter.identity } : {}),
        });
    const lost = silent.length > 0 ? fleet.lost() : null;
    const sorted = [...replies].sort((a, b) => (a.identity < b.identity ? -1 : 1));
    return { replies: sorted, silent, tookMs: sinceMs(), lost };
  } finally {
    await fleet.close();
  }
}

interface NodeFilter {
  readonly identity: string[];
  readonly agent: string[];
  readonly fact: { fact: string; value: string }[];
}

function filterOf(options: FilterOptions, agent: string): NodeFilter {
  const facts = Object.entries(parseFacts(options.withFact ?? []));
  return {
    identity: [...new Set(options.withIdentity)],
    agent: [...new Set([agent, ...(options.withAgent ?? [])])],
    fact: facts.map(([fact, value]) => ({ fact, value })),
  };
}

/** Nodes named one by one, whatever is known of them; else those of the registry that the filter means. */
async function expectedOf(
  registry: { list(): Promise<readonly KnownNode[]> },
  collective: string,
  filter: NodeFilter,
): Promise<string[]> {
  if (filter.identity.length > 0) return filter.identity;
  const known = (await registry.list()).filter(
    (node) =>
      node.collectives.includes(collective) &&
      filter.agent.every((agent) => node.agents.includes(agent)) &&
      filter.fact.every(({ fact, value }) => node.facts[fact] === value),
  );
  return known.map((node) => node.identity);
}

interface KnownNode {
  readonly identity: string;
  readonly agents: readonly string[];
  readonly collectives: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

/** The last lines of every request: how many answered, how fast, and who did not. */
export function saySummary({ replies, silent, tookMs }: Asked<unknown>): void {
  say(
    `Finished processing ${replies.length} / ${replies.length + silent.length} hosts in ${tookMs.toFixed(2)} ms`,
  );
  saySilent(silent);
}

/** Names the nodes that should have answered and did not. */
export function saySilent(silent: readonly string[]): void {
  if (silent.length > 0) say(`\n${paint('red', 'No response from:')}\n\n   ${silent.join('\n   ')}`);
}

/** The end of every request: sets the exit code, and tells on standard error of a connection that was lost. */
export function finishAsk(asked: Asked<unknown>): void {
  if (asked.lost !== null) reportError(asked.lost, { json: false });
  process.exitCode = askExitCode(asked);
}

/**
 * 0 all answered well; 1 nobody was found; 2 some failed or were silent; 3 none of the known ones answered, or the
 * connection was lost before all had. *Source:* MCollective's table, with silent nodes counted as failures.
 */
export function askExitCode({ replies, silent, lost }: Asked<unknown>): number {
  if (lost !== null) return 3;
  if (replies.length === 0) return silent.length === 0 ? 1 : 3;
  return silent.length > 0 || replies.some((reply) => reply.status !== 0) ? 2 : 0;
}

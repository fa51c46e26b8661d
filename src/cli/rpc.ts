import type { Command } from 'commander';
import type { AskReply } from '../bus/ask.ts';
import type { Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { parseFacts } from './lib/facts.ts';
import { paint, say, sayJson } from './lib/output.ts';
import { type ConfigOptions, readSettings, withConfigOptions } from './lib/settings.ts';

type Replies = readonly AskReply<unknown>[];

interface RpcOptions extends ConfigOptions {
  readonly withIdentity?: string[];
  readonly withFact?: string[];
  readonly target?: string;
  readonly timeout: string;
  readonly json?: true;
}

/** `muster rpc AGENT ACTION key=value…`: asks nodes. *Source:* `mco rpc`, its filters, its output and its exit codes. */
export default {
  name: 'rpc',
  register(program: Command): void {
    const command = program
      .command('rpc')
      .description('call an action of an agent on many nodes')
      .argument('<agent>', 'agent, e.g. rpcutil')
      .argument('<action>', 'action, e.g. get_fact')
      .argument('[input...]', 'key=value')
      .option('-I, --with-identity <name...>', 'only these nodes')
      .option('-F, --with-fact <fact=value...>', 'only nodes with these facts')
      .option('-T, --target <collective>', 'collective (default: the production one)')
      .option('-t, --timeout <seconds>', 'longest wait', '5')
      .option('--json', 'print one JSON document');
    withConfigOptions(command).action(rpc);
  },
} satisfies CliCommand;

async function rpc(agent: string, action: string, input: string[], options: RpcOptions): Promise<void> {
  const { loadDdl } = await import('./lib/ddls.ts');
  const { replyLines, typedInput } = await import('./lib/rpc-text.ts');
  const ddl = await loadDdl(agent);
  const spec = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  if (spec === undefined)
    throw new MusterError(
      'USAGE',
      `${agent} has no action '${action}'; it has ${Object.keys(ddl.actions).join(', ')}`,
    );
  const data = typedInput(spec.input, parseFacts(input));
  const config = await readSettings(options);
  const { openFleet } = await import('./lib/fleet.ts');
  const fleet = await openFleet(config);
  const startedAtMs = performance.now();
  try {
    const collective = options.target ?? config.collectives.production;
    const facts = Object.entries(parseFacts(options.withFact ?? []));
    const identities = options.withIdentity ?? [];
    const known = (await fleet.registry.list()).filter(
      (node) =>
        node.collectives.includes(collective) &&
        (identities.length === 0 || identities.includes(node.identity)) &&
        facts.every(([fact, value]) => node.facts[fact] === value) &&
        (node.agents.length === 0 || node.agents.includes(agent)),
    );
    const expected = [...new Set([...identities, ...known.map((node) => node.identity)])];
    const { replies, silent } = await fleet.rpc.ask(collective, ddl, action, data, {
      filter: { identity: identities, agent: [agent], fact: facts.map(([fact, value]) => ({ fact, value })) },
      expected,
      timeoutS: Number(options.timeout),
    });
    const tookMs = performance.now() - startedAtMs;
    if (options.json) printJson(ddl, action, replies, silent, tookMs);
    else print(replies, silent, tookMs, (reply) => replyLines(ddl, action, reply));
    process.exitCode = exitCode(replies, silent);
  } finally {
    await fleet.close();
  }
}

function printJson(
  ddl: Ddl,
  action: string,
  replies: Replies,
  silent: readonly string[],
  tookMs: number,
): void {
  sayJson({
    agent: ddl.name,
    action,
    replies: replies.map(({ identity, status, message, data }) => ({
      sender: identity,
      statuscode: status,
      statusmsg: message,
      data,
    })),
    request_stats: {
      ok: replies.filter((reply) => reply.status === 0).length,
      no_responses: silent,
      total_ms: Math.round(tookMs),
    },
  });
}

function print(
  replies: Replies,
  silent: readonly string[],
  tookMs: number,
  linesOf: (reply: Replies[number]) => string[],
): void {
  const sorted = [...replies].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  for (const line of sorted.flatMap(linesOf)) say(line);
  say(
    `Finished processing ${replies.length} / ${replies.length + silent.length} hosts in ${tookMs.toFixed(2)} ms`,
  );
  if (silent.length > 0) say(`\n${paint('red', 'No response from:')}\n\n   ${silent.join('\n   ')}`);
}

/** *Source:* MCollective's table, with silent nodes counted as failures. */
function exitCode(replies: readonly AskReply<unknown>[], silent: readonly string[]): number {
  if (replies.length === 0) return silent.length === 0 ? 1 : 3;
  return silent.length > 0 || replies.some((reply) => reply.status !== 0) ? 2 : 0;
}

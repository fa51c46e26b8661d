import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import type { FilterOptions } from './lib/ask.ts';
import { askNodes, finishAsk, saySummary, withFilterOptions } from './lib/ask.ts';
import type { CliCommand } from './lib/command.ts';
import { parseFacts } from './lib/facts.ts';
import { say, sayJson } from './lib/output.ts';

/** `muster rpc AGENT ACTION key=value…`: asks nodes. *Source:* `mco rpc`, its filters, its output and its exit codes. */
export default {
  name: 'rpc',
  register(program: Command): void {
    const command = program
      .command('rpc')
      .description('call an action of an agent on many nodes')
      .argument('<agent>', 'agent, e.g. rpcutil')
      .argument('<action>', 'action, e.g. get_fact')
      .argument('[input...]', 'key=value');
    withFilterOptions(command).action(rpc);
  },
} satisfies CliCommand;

async function rpc(agent: string, action: string, input: string[], options: FilterOptions): Promise<void> {
  const { loadDdl } = await import('./lib/ddls.ts');
  const { replyLines, typedInput } = await import('./lib/rpc-text.ts');
  const ddl = await loadDdl(agent);
  const spec = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  if (spec === undefined)
    throw new MusterError(
      'USAGE',
      `${agent} has no action '${action}'; it has ${Object.keys(ddl.actions).join(', ')}`,
    );
  const asked = await askNodes(options, ddl, action, typedInput(spec.input, parseFacts(input)), (reply) => {
    if (!options.json) for (const line of replyLines(ddl, action, reply)) say(line);
  });
  if (options.json) {
    sayJson({
      agent,
      action,
      replies: asked.replies.map(({ identity, status, message, data }) => ({
        sender: identity,
        statuscode: status,
        statusmsg: message,
        data,
      })),
      request_stats: {
        ok: asked.replies.filter((reply) => reply.status === 0).length,
        no_responses: asked.silent,
        total_ms: Math.round(asked.tookMs),
      },
    });
  } else {
    saySummary(asked);
  }
  finishAsk(asked);
}

import type { Command } from 'commander';
import type { AskReply } from '../bus/ask.ts';
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
      .argument('[input...]', 'key=value; a secret as key=@FILE or key=- (standard input)');
    withFilterOptions(command).action(rpc);
  },
} satisfies CliCommand;

async function rpc(agent: string, action: string, input: string[], options: FilterOptions): Promise<void> {
  const { loadDdl } = await import('./lib/ddls.ts');
  const { replyLines, typedInput } = await import('./lib/rpc-text.ts');
  const { hideSecrets, maskSecrets, withSecrets } = await import('./lib/secret-input.ts');
  const ddl = await loadDdl(agent);
  const spec = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  if (spec === undefined)
    throw new MusterError(
      'USAGE',
      `${agent} has no action '${action}'; it has ${Object.keys(ddl.actions).join(', ')}`,
    );
  const texts = await withSecrets(spec.input, parseFacts(input));
  const shown = <R extends AskReply<unknown>>(reply: R) => ({
    ...reply,
    message: maskSecrets(spec.input, texts, reply.message),
    data: hideSecrets(spec.output, reply.data),
  });
  const answers = await askNodes(options, ddl, action, typedInput(spec.input, texts), (reply) => {
    if (!options.json) for (const line of replyLines(ddl, action, shown(reply))) say(line);
  });
  const asked = { ...answers, replies: answers.replies.map(shown) };
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

import type { Command } from 'commander';
import { MusterError } from '../core/errors.ts';
import { collect } from './lib/ask-options.ts';
import type { CliCommand } from './lib/command.ts';
import { say } from './lib/output.ts';
import { type RpcOptions, withRpcOptions } from './lib/rpc/options.ts';

interface Options extends RpcOptions {
  readonly response: boolean;
  readonly replyTo?: string;
  readonly listen?: string;
  readonly help?: true;
  readonly agent?: string;
  readonly action?: string;
  readonly argument?: readonly string[];
}

const NOTES = `
Nodes are found by --dm; without it: in --nodes, in what another command pipes into this one (names one a line, or its
--json: those that answered well), by exact -I names, else in the registry. The registry knows who should answer: nobody
waits for a fixed time, and a known node that is silent is named. --dm broadcast finds who is there now, known or not.
Up to 10 nodes get a message each, more hear one.
An action that changes nodes (its DDL shows failures alone, or says so) is not sent to all nodes without a filter,
--limit, --yes, or an answer at the terminal.
--filter-replies reads the language of filters: ok, failed, code, msg, sender, data.NAME; Choria's ok(), data("name") too.
--reply-to NAME: nodes answer your own name alone, so --listen NAME is for another terminal or host of the same person.
Exit codes: 0 all answered well; 1 nobody was found, or nothing was sent; 2 some failed or were silent; 3 none answered,
or the connection was lost; 4 none answered of those that were named; 130 and 143 Ctrl-C or SIGTERM ended it before.`;

/** `muster rpc AGENT ACTION key=value…`: asks nodes. *Source:* `mco rpc`, its filters, its output and its exit codes; `choria req`. */
export default {
  name: 'rpc',
  register(program: Command): void {
    const command = program
      .command('rpc')
      .description('call an action of an agent on many nodes')
      .argument('[agent]', 'agent, e.g. rpcutil')
      .argument('[action]', 'action, e.g. get_fact')
      .argument(
        '[input...]',
        'key=value; lists as JSON or separated by commas, maps as JSON; a secret as key=@FILE or key=- (standard input)',
      )
      .helpOption(false)
      .addHelpText('after', NOTES);
    withRpcOptions(command)
      .option('--nr, --no-response', 'send the request and do not wait; nodes give no answer')
      .option(
        '--reply-to <name>',
        'send the request and do not wait; --listen with the same name hears the answers',
      )
      .option('--listen <name>', 'print answers to requests that you sent with --reply-to this name')
      .option('-h, --help', 'print this help, or that of the agent or action')
      .option('-a, --agent <agent>', 'the agent, instead of the first word')
      .option('--action <action>', 'the action, instead of the next word')
      .option(
        '--arg, --argument <key=value>',
        'an input, besides those that are words; may be repeated',
        collect,
      )
      .action((agent: string | undefined, action: string | undefined, input: string[], options: Options) => {
        const words = [agent, action, ...input].filter((word) => word !== undefined);
        const called = options.agent ?? words.shift();
        return options.help === true && called === undefined
          ? command.outputHelp()
          : rpc(called, options.action ?? words.shift(), [...words, ...(options.argument ?? [])], options);
      });
  },
} satisfies CliCommand;

async function rpc(
  agent: string | undefined,
  action: string | undefined,
  input: readonly string[],
  options: Options,
): Promise<void> {
  if (options.listen !== undefined)
    return (await import('./lib/rpc/listen.ts')).listenFor(options.listen, options);
  if (agent === undefined)
    throw new MusterError(
      'USAGE',
      'give AGENT ACTION and its inputs, e.g. muster rpc rpcutil get_fact fact=role',
    );
  const { loadDdl } = await import('./lib/ddls.ts');
  const { siteAgentsDir } = await import('./lib/settings.ts');
  const { actionNamed, inputTexts, typedInput } = await import('./lib/rpc/typed-input.ts');
  const ddl = await loadDdl(agent, () => siteAgentsDir(options));
  const isForPrograms = options.json === true || options.jsonl === true;
  if (action === undefined && options.help !== true && isForPrograms)
    throw new MusterError('USAGE', `${agent} which action? it has ${Object.keys(ddl.actions).join(', ')}`);
  if (action === undefined || options.help === true) return help(ddl, action);
  const where = `${agent}#${action}`;
  const spec = actionNamed(ddl, action);
  const { hideSecrets, maskSecrets, withSecrets } = await import('./lib/secret-input.ts');
  const texts = await withSecrets(spec.input, inputTexts(where, spec.input, input));
  const typed = typedInput(where, spec.input, texts);
  if (!options.response || options.replyTo !== undefined)
    return (await import('./lib/rpc/tell.ts')).tellNodes(options, ddl, action, typed, options.replyTo);
  const { runRpc } = await import('./lib/rpc/run.ts');
  return runRpc(options, ddl, action, typed, {
    shown: (reply) => ({
      ...reply,
      message: maskSecrets(spec.input, texts, reply.message),
      data: hideSecrets(spec.output, reply.data),
      failedData: hideSecrets(spec.output, reply.failedData),
    }),
  });
}

async function help(
  ddl: Parameters<typeof import('./lib/rpc/ddl-help.ts').agentHelp>[0],
  action?: string,
): Promise<void> {
  const { actionHelp, agentHelp } = await import('./lib/rpc/ddl-help.ts');
  const { actionNamed } = await import('./lib/rpc/typed-input.ts');
  const lines = action === undefined ? agentHelp(ddl) : actionHelp(ddl, action, actionNamed(ddl, action));
  for (const line of lines) say(line);
}

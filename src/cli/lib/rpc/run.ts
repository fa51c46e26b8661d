import type { AskReply } from '../../../bus/ask.ts';
import type { Ddl, DdlAction } from '../../../core/ddl.ts';
import { summarize } from '../aggregates.ts';
import { askNodes, finishAsk } from '../ask.ts';
import { openOut } from '../out.ts';
import { checkRpcOptions, isForPrograms, type RpcOptions } from './options.ts';
import { jsonlPrinter, jsonPrinter, sendersPrinter } from './print-json.ts';
import { tablePrinter } from './print-table.ts';
import { textPrinter } from './print-text.ts';
import type { Printed, Printer } from './printer.ts';
import { replyFilter } from './reply-filter.ts';
import { actionNamed } from './typed-input.ts';

/** How replies are shown, when it is not as the DDL of the agent says. */
export interface ReplyView {
  readonly spec?: Pick<DdlAction, 'output'>;
  /** What is printed of a reply. */
  readonly shown?: (reply: AskReply<unknown>) => AskReply<unknown>;
}

/**
 * Calls an action of many nodes, prints replies and summaries in the form that the options name, and sets the exit code. Throws as
 * `askNodes`, and USAGE for options that do not fit.
 */
export async function runRpc(
  options: RpcOptions,
  ddl: Ddl,
  action: string,
  input: Record<string, unknown>,
  view: ReplyView = {},
): Promise<void> {
  checkRpcOptions(options);
  const spec = { ...actionNamed(ddl, action), ...view.spec };
  const { filterReplies } = options;
  const counts = filterReplies === undefined ? () => true : replyFilter(filterReplies);
  const { shown = (reply) => reply } = view;
  const out = openOut(options.outputFile);
  try {
    const printer = printerOf({ ddl, action, spec, options, out });
    const quiet = isForPrograms(options) ? { ...options, quiet: true as const } : options;
    const asked = await askNodes(quiet, ddl, action, input, {
      onDiscovered: (count) => printer.found(count),
      onReply: (reply: AskReply<unknown>) =>
        counts(shown(reply)) ? printer.reply(shown(reply)) : printer.other(),
    });
    const replies = asked.replies.map(shown).filter(counts);
    printer.end({ asked, replies, summaries: summarize(spec, replies) });
    finishAsk(asked);
  } finally {
    out.close();
  }
}

function printerOf(printed: Printed): Printer {
  const { senders, json, jsonl, table } = printed.options;
  if (senders === true) return sendersPrinter(printed);
  if (json === true) return jsonPrinter(printed);
  if (jsonl === true) return jsonlPrinter(printed);
  return table === true ? tablePrinter(printed) : textPrinter(printed);
}

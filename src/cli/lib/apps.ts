import type { Command } from 'commander';
import type { AskReply } from '../../bus/ask.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import { type Asked, askNodes, type FilterOptions, finishAsk, saySummary } from './ask.ts';
import { paint, say, sayJson } from './output.ts';
import { plain, plainIn } from './plain.ts';

/** How an application asks and shows. */
export interface AppRequest<D extends Ddl, N extends ActionName<D>> {
  readonly ddl: D;
  readonly action: N;
  readonly input: ActionInput<D, N>;
  /** One line for a good reply; null for the silence of an action that changed something as it should. */
  readonly line: ((data: ActionOutput<D, N>) => string) | null;
}

/** The options of a command as typed; the time-out is that of the agent unless one was given. */
export function appOptions<O extends FilterOptions>(command: Command, { timeoutS }: Ddl): O {
  const options = command.opts<O>();
  if (command.getOptionValueSource('timeout') !== 'default') return options;
  return { ...options, timeout: String(timeoutS) };
}

/**
 * Asks, prints in the manner of `mco`, and sets the exit code: what is unusual for actions that change something, a line a
 * node for those that ask, then what the DDL sums up. Throws what `askNodes` throws.
 */
export async function runApp<D extends Ddl, N extends ActionName<D>>(
  options: FilterOptions,
  request: AppRequest<D, N>,
): Promise<void> {
  const { ddl, action, input, line } = request;
  const { appJson, appSummary } = await import('./app-output.ts');
  const asked = await askNodes(options, ddl, action, input);
  if (options.json) sayJson(appJson(ddl, action, asked));
  else {
    for (const text of nodeLines(asked.replies, line)) say(text);
    for (const text of appSummary(ddl, action, asked.replies)) say(text);
    saySummary(asked);
  }
  endApp(options, asked);
}

/** The end of an application: sets the exit code, and with --verbose tells statistics; `bad` are answers that came well and tell of a failure. */
export function endApp({ verbose }: FilterOptions, asked: Asked<unknown>, bad = false): void {
  finishAsk(asked, verbose);
  if (bad) process.exitCode = Math.max(2, Number(process.exitCode));
}

/** A line a node, names aligned to the right; failures in red. Texts of nodes lose their control characters. Pure but for colours. */
export function nodeLines<O>(replies: readonly AskReply<O>[], line: ((data: O) => string) | null): string[] {
  const shown = replies.filter(({ data }) => data === null || line !== null);
  const width = Math.max(0, ...shown.map(({ identity }) => identity.length)) + 3;
  const lines = shown.map(({ identity, message, data }) => {
    const text = data === null || line === null ? paint('red', plain(message)) : line(plainIn(data));
    return nodeLine(identity, text, width);
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

/** `   NAME: text`, further lines of the text below its first. Pure. */
export function nodeLine(identity: string, text: string, width: number): string {
  return `${identity.padStart(width)}: ${text.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`;
}

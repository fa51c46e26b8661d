import type { AskReply } from '../../bus/ask.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import type { FilterOptions } from './ask-options.ts';
import type { Asked } from './asked.ts';

// All that a command needs to ask nodes. What is heavy is imported when nodes are asked.
export { type FilterOptions, onlyNodes, withFilterOptions } from './ask-options.ts';
export {
  type Asked,
  askExitCode,
  finishAsk,
  goneLine,
  interruptedError,
  missingFields,
  sayAbsent,
  saySummary,
} from './asked.ts';

/** What a command does while nodes are asked. */
export interface AskEvents<O> {
  /** Nodes were found, and so many are asked. */
  readonly onDiscovered?: (count: number) => void;
  /** Told each answer as it comes, and how many milliseconds after the request. */
  readonly onReply?: (reply: AskReply<O>, afterMs: number) => void;
  /** End as soon as so many have answered. */
  readonly enough?: number;
}

/**
 * Asks all nodes that the filters mean. Nobody waits for a fixed time: the registry knows who should answer, and the request ends
 * when all have. Throws USAGE before anything is connected; NOT_FOUND (program of `--dm`), CONFIG_INVALID,
 * REDIS_UNREACHABLE, BROKER_UNREACHABLE, BROKER_REFUSED; CONFLICT when the person says no.
 */
export async function askNodes<D extends Ddl, N extends ActionName<D>>(
  options: FilterOptions,
  ddl: D,
  action: N,
  input: ActionInput<D, N>,
  events: AskEvents<ActionOutput<D, N>> = {},
): Promise<Asked<ActionOutput<D, N>>> {
  const nodes = await import('./ask-nodes.ts');
  return nodes.askNodes(options, ddl, action, input, events);
}

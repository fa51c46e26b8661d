import type { AskReply } from '../../bus/ask.ts';
import { MusterError } from '../../core/errors.ts';
import type { DiscoveryMethodName } from './ask-options.ts';
import { inColumns } from './columns.ts';
import type { Interruption } from './interruption.ts';
import { paint, reportError, say } from './output.ts';
import { statisticsLines } from './statistics.ts';
import { STOP_EXIT } from './stop.ts';

const GONE_NAMED = 10;

/** What came of a request to many nodes. */
export interface Asked<O> {
  /** `agent#action`. */
  readonly what: string;
  /** Sorted by name. */
  readonly replies: readonly AskReply<O>[];
  /** Nodes that should have answered and did not. */
  readonly silent: readonly string[];
  /** Nodes that fit and stopped registering: they were not asked. */
  readonly gone: readonly string[];
  /** Nodes that answered and that nobody expected. */
  readonly unexpected: readonly string[];
  /** How the nodes were found, and how many. */
  readonly method: DiscoveryMethodName;
  readonly discovered: number;
  readonly discoveryMs: number;
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Milliseconds from request to reply, by identity. */
  readonly replyMs: ReadonlyMap<string, number>;
  /** Ids of the requests that were sent. */
  readonly requests: readonly string[];
  /** Who ended it before it was over, and whom nothing was sent to by then. */
  readonly interrupted: Interruption | null;
  /** Why the connection was lost, when it was and somebody's answer may have been lost with it. */
  readonly lost: MusterError | null;
}

type Counted = Pick<Asked<unknown>, 'replies' | 'silent' | 'interrupted' | 'tookMs'>;
type Absent = Pick<Asked<unknown>, 'silent' | 'interrupted'>;

/** The last lines of every request: how many answered, how fast, and who did not. */
export function saySummary(asked: Counted): void {
  say(finishedLine(asked));
  sayAbsent(asked);
}

/** Who is missing from the answers and why, as every JSON document of a request tells it. Pure. */
export function missingFields({ silent, gone, interrupted }: Absent & Pick<Asked<unknown>, 'gone'>): {
  no_responses: readonly string[];
  gone: readonly string[];
  interrupted: { signal: string; not_asked: readonly string[] } | null;
} {
  const stopped =
    interrupted === null ? null : { signal: interrupted.signal, not_asked: interrupted.notAsked };
  return { no_responses: silent, gone, interrupted: stopped };
}

/** Nodes that were not asked because they stopped registering, a few of them by their names. Pure. */
export function goneLine(gone: readonly string[]): string {
  const named = gone.slice(0, GONE_NAMED).join(', ');
  const more = gone.length > GONE_NAMED ? ` and ${gone.length - GONE_NAMED} more` : '';
  return `Not asked, because they stopped registering (-I NAME asks them all the same): ${named}${more}`;
}

/** Names the nodes that should have answered and did not. */
export function sayAbsent(asked: Absent): void {
  for (const line of absentLines({ ...asked, unexpected: [] })) say(line);
}

/** `Finished processing 9 / 10 hosts in 107.09 ms`. Pure but for colours. */
export function finishedLine({ replies, silent, interrupted, tookMs }: Counted): string {
  const absent = silent.length + (interrupted?.notAsked.length ?? 0);
  const colour = absent === 0 ? 'green' : 'red';
  const [came, all] = [replies.length, replies.length + absent].map((n) => paint(colour, String(n)));
  return `Finished processing ${came} / ${all} hosts in ${tookMs.toFixed(2)} ms`;
}

/** Who did not answer, who was not asked any more, and who answered unasked. Pure but for colours. */
export function absentLines({
  silent,
  unexpected,
  interrupted,
}: Absent & Pick<Asked<unknown>, 'unexpected'>): string[] {
  const list = (title: string, names: readonly string[]) =>
    names.length === 0 ? [] : ['', paint('red', title), '', inColumns(names)];
  return [
    ...list('No response from:', silent),
    ...list('Not asked:', interrupted?.notAsked ?? []),
    ...list('Unexpected response from:', unexpected),
  ];
}

/** INTERRUPTED for a request of which some answers may have come. Pure. */
export function interruptedError({
  what,
  replies,
  silent,
  interrupted,
}: Pick<Asked<unknown>, 'what' | 'replies' | 'silent' | 'interrupted'>): MusterError {
  const notAsked = interrupted?.notAsked.length ?? 0;
  const counts = [
    `${replies.length} answered`,
    `${silent.length} did not`,
    ...(notAsked === 0 ? [] : [`${notAsked} not asked`]),
  ];
  return new MusterError(
    'INTERRUPTED',
    `${what} was interrupted by ${interrupted?.signal}: ${counts.join(', ')}`,
  );
}

/**
 * The end of every request: sets the exit code, and tells on standard error of a connection that was lost and of an interruption;
 * with `statistics` tells those there, too.
 */
export function finishAsk(asked: Asked<unknown>, statistics = false): void {
  if (statistics) process.stderr.write(`\n${statisticsLines(asked).join('\n')}\n`);
  if (asked.lost !== null) reportError(asked.lost, { json: false });
  if (asked.interrupted !== null) reportError(interruptedError(asked), { json: false });
  process.exitCode = askExitCode(asked);
}

/**
 * 0 all answered well; 1 nobody was found; 2 some failed or were silent; 3 nodes were found and none answered, or the connection was
 * lost before all had; 4 none answered of those that were named, without looking for them first; 130 and 143 somebody ended it before.
 * *Source:* MCollective's table, with silent nodes counted as failures.
 */
export function askExitCode(
  asked: Pick<Asked<unknown>, 'replies' | 'silent' | 'interrupted' | 'lost' | 'method'>,
): number {
  const { replies, silent, interrupted, lost, method } = asked;
  if (interrupted !== null) return STOP_EXIT[interrupted.signal];
  if (lost !== null) return 3;
  if (replies.length === 0) {
    if (silent.length === 0) return 1;
    return method === 'identities' ? 4 : 3;
  }
  return silent.length > 0 || replies.some((reply) => reply.status !== 0) ? 2 : 0;
}

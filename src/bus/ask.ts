import type { z } from 'zod';
import type { Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import type { Filter, Reply } from '../core/messages.ts';
import type { Role } from '../core/names.ts';
import type { Sender } from '../core/seal.ts';
import { until } from './deadline.ts';
import type { ReplyInbox } from './replies.ts';
import { actionOf, type SealedRequest } from './request.ts';
import { verdictOf } from './verdict.ts';

/** One node's answer. `data` is the checked output, null unless the status is 0; `code` is one of ours, null when it is. */
export interface AskReply<O> {
  readonly identity: string;
  /** From the certificate of who answered. */
  readonly role: Role;
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
  readonly data: O | null;
  /** What a node has to show although it failed, checked as `data` is. */
  readonly failedData?: O | undefined;
}

/** All answers in the order they came, and who of the expected gave none. */
export interface AskResult<O> {
  readonly replies: AskReply<O>[];
  readonly silent: string[];
  /** Named nodes that the filter does not mean, as they say themselves. They are neither in `replies` nor silent. */
  readonly unmatched: string[];
  /** Ids of the requests that were sent: one for all, or one for each node. */
  readonly requests: readonly string[];
}

/** Whom to ask and how long to wait. */
export interface AskOptions<O> {
  readonly filter?: z.input<typeof Filter>;
  /** Ask these alone, each by a message of its own, so that nobody else has to read it. Otherwise all hear it. */
  readonly to?: readonly string[];
  /** Who should answer. Empty: nobody is known, so the whole `timeoutS` is waited. */
  readonly expected: readonly string[];
  readonly timeoutS: number;
  /** Further wait after the last expected one, for nodes that nobody expected. Milliseconds, 0 by default. */
  readonly graceMs?: number;
  /** Ends as soon as so many have answered. */
  readonly enough?: number;
  /** Seconds that nodes may take the request; `timeoutS` by default. */
  readonly ttlS?: number;
  /** Ends it with what has come by then. */
  readonly signal?: AbortSignal;
  /** Told each answer as it comes. */
  readonly onReply?: (reply: AskReply<O>) => void;
}

/** One message of a question: to one node, or with null to all. */
export interface Letter {
  readonly to: string | null;
  readonly request: SealedRequest;
}

/** Sends and gathers, as {@link AskOptions} says. Throws BROKER_UNREACHABLE when it could not be sent. */
export async function gather<O>(
  letters: readonly Letter[],
  ddl: Ddl,
  action: string,
  options: AskOptions<O>,
  by: { inbox: ReplyInbox; listen(): Promise<void>; publish(letter: Letter): Promise<void> },
): Promise<AskResult<O>> {
  const missing = new Set(options.expected);
  const replies: AskReply<O>[] = [];
  const unmatched: string[] = [];
  const complete = Promise.withResolvers<void>();
  let grace: NodeJS.Timeout | undefined;
  let sent = false;
  const take = (to: string | null, sender: Sender, reply: Reply): void => {
    const identity = sender.name;
    if (to !== null && to !== identity) return;
    const answer = answerOf<O>(sender, ddl, reply);
    if (answer.code === 'FILTER_NO_MATCH') unmatched.push(identity);
    else {
      replies.push(answer);
      options.onReply?.(answer);
    }
    if (replies.length === options.enough) complete.resolve();
    if (missing.delete(identity) && missing.size === 0)
      grace = setTimeout(complete.resolve, options.graceMs ?? 0);
  };
  const pending = letters.map(({ to, request }) =>
    by.inbox.expect(request, ddl.name, action, (sender, reply) => take(to, sender, reply)),
  );
  const exchange = async () => {
    await by.listen();
    await Promise.all(letters.map((letter) => by.publish(letter)));
    sent = true;
    await complete.promise;
  };
  try {
    await until(
      Promise.race([complete.promise, exchange()]),
      options.timeoutS,
      options.signal,
      (why) => new MusterError('BROKER_UNREACHABLE', `${ddl.name}#${action} was not sent ${why}`),
    );
  } catch (thrown) {
    if (!sent && options.signal?.aborted !== true) throw thrown;
  } finally {
    clearTimeout(grace);
    for (const forget of pending) forget();
  }
  const requests = letters.map(({ request }) => request.id);
  return { replies, silent: [...missing], unmatched: unmatched.sort(), requests };
}

function answerOf<O>({ name: identity, role }: Sender, ddl: Ddl, reply: Reply): AskReply<O> {
  const verdict = verdictOf(identity, ddl, reply);
  if (verdict.ok)
    return { identity, role, status: 0, code: null, message: reply.message, data: verdict.data as O };
  const status = reply.status === 0 ? 4 : reply.status;
  const message = reply.status === 0 ? verdict.error.message : reply.message;
  const failed = { identity, role, status, code: verdict.error.code, message, data: null };
  if (reply.status === 0 || Object.keys(reply.data).length === 0) return failed;
  const shown = actionOf(ddl, reply.action).output.safeParse(reply.data);
  return shown.success ? { ...failed, failedData: shown.data as O } : failed;
}

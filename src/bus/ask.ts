import type { z } from 'zod';
import type { Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import type { Filter, Reply } from '../core/messages.ts';
import type { Role } from '../core/names.ts';
import type { Sender } from '../core/seal.ts';
import { until } from './deadline.ts';
import type { ReplyInbox } from './replies.ts';
import type { SealedRequest } from './request.ts';
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
}

/** All answers in the order they came, who of the expected gave none, and who was asked by name and is not meant by the rest of the filter. */
export interface AskResult<O> {
  readonly replies: AskReply<O>[];
  readonly notMeant: string[];
  readonly silent: string[];
}

/** Whom to ask and how long to wait. */
export interface AskOptions<O> {
  readonly filter?: z.input<typeof Filter>;
  /** Who should answer. Empty: nobody is known, so the whole `timeoutS` is waited. */
  readonly expected: readonly string[];
  readonly timeoutS: number;
  /** Further wait after the last expected one, for nodes that nobody expected. Milliseconds, 0 by default. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
  /** Told each answer as it comes. */
  readonly onReply?: (reply: AskReply<O>) => void;
}

/** Sends and gathers, as {@link AskOptions} says. Throws BROKER_UNREACHABLE when it could not be sent. */
export async function gather<O>(
  request: SealedRequest,
  ddl: Ddl,
  action: string,
  options: AskOptions<O>,
  by: { inbox: ReplyInbox; listen(): Promise<void>; publish(): Promise<void> },
): Promise<AskResult<O>> {
  const missing = new Set(options.expected);
  const replies: AskReply<O>[] = [];
  const notMeant: string[] = [];
  const complete = Promise.withResolvers<void>();
  let grace: NodeJS.Timeout | undefined;
  let sent = false;
  const forget = by.inbox.expect(request, ddl.name, action, (sender, reply) => {
    const identity = sender.name;
    const answer = answerOf<O>(sender, ddl, reply);
    if (answer.code === 'RPC_FILTERED') notMeant.push(identity);
    else {
      replies.push(answer);
      options.onReply?.(answer);
    }
    if (missing.delete(identity) && missing.size === 0)
      grace = setTimeout(complete.resolve, options.graceMs ?? 0);
  });
  const exchange = async () => {
    await by.listen();
    await by.publish();
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
    if (!sent) throw thrown;
  } finally {
    clearTimeout(grace);
    forget();
  }
  return { replies, notMeant: notMeant.sort(), silent: [...missing] };
}

function answerOf<O>({ name: identity, role }: Sender, ddl: Ddl, reply: Reply): AskReply<O> {
  const verdict = verdictOf(identity, ddl, reply);
  if (verdict.ok)
    return { identity, role, status: 0, code: null, message: reply.message, data: verdict.data as O };
  const status = reply.status === 0 ? 4 : reply.status;
  const message = reply.status === 0 ? verdict.error.message : reply.message;
  return { identity, role, status, code: verdict.error.code, message, data: null };
}

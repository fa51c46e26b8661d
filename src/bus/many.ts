import type { z } from 'zod';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import { compileFilter } from '../core/filter/compile.ts';
import { Filter, type Request } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import { secretsIn } from '../core/secret-fields.ts';
import { type AskOptions, type AskResult, gather, type Letter } from './ask.ts';
import type { Bus } from './bus.ts';
import type { ReplyInbox } from './replies.ts';
import { actionOf, type Question, type SealedRequest } from './request.ts';

/** Whom to tell something without waiting for answers. */
export interface TellOptions {
  readonly filter?: z.input<typeof Filter>;
  /** These alone, each by a message of its own. */
  readonly to?: readonly string[];
  /** Seconds that nodes may take the request. */
  readonly ttlS: number;
  /** Session of the same caller that hears the answers; without it nodes give none. */
  readonly replyTo?: string;
}

/** Asks many nodes at once. */
export interface AskMany {
  /** See {@link AskOptions}. Throws USAGE for a filter that cannot be read, RPC_INVALID_DATA before anything is sent. */
  ask<D extends Ddl, N extends ActionName<D>>(
    collective: string,
    ddl: D,
    action: N,
    input: ActionInput<D, N>,
    options: AskOptions<ActionOutput<D, N>>,
  ): Promise<AskResult<ActionOutput<D, N>>>;
  /**
   * Sends a request and waits for the broker alone; gives the ids. Throws as `ask`. *Source:* MCollective's fire and forget and
   * its reply-to.
   */
  tell<D extends Ddl, N extends ActionName<D>>(
    collective: string,
    ddl: D,
    action: N,
    input: ActionInput<D, N>,
    options: TellOptions,
  ): Promise<string[]>;
}

type Seal = (question: Question, session?: string) => SealedRequest;
type Message = Pick<Question, 'collective' | 'ddl' | 'action' | 'input' | 'filter' | 'timeoutS' | 'ttlS'>;

/** {@link AskMany} with the seal and the inbox of one client. */
export function createAskMany(own: { bus: Bus; inbox: ReplyInbox; seal: Seal }): AskMany {
  const publish = (collective: string, { to, request: { body, ttlS } }: Letter, deadlineS: number) => {
    const exchange = brokerNames.requestExchange(collective);
    const key = to === null ? brokerNames.allKey : brokerNames.nodeKey(to);
    return own.bus.publish({ exchange, key }, body, { ttlS, deadlineS });
  };
  const lettersOf = (
    to: readonly string[] | undefined,
    message: Message,
    answer: Request['answer'],
    session?: string,
  ): Letter[] => {
    checkQuestion(message);
    const letter = (aud: Question['aud'], identity: string | null): Letter => ({
      to: identity,
      request: own.seal({ ...message, aud, ...(answer === undefined ? {} : { answer }) }, session),
    });
    return to?.map((identity) => letter(`node:${identity}`, identity)) ?? [letter('all', null)];
  };
  return {
    ask: async (collective, ddl, action, input, options) => {
      const { timeoutS, to, ttlS = timeoutS } = options;
      const filter = Filter.parse(options.filter ?? {});
      const named = to !== undefined || filter.identity.length > 0;
      const message = { collective, ddl, action, input, filter, timeoutS, ttlS };
      const letters = lettersOf(to, message, named ? 'named' : undefined);
      return gather(letters, ddl, action, options, {
        inbox: own.inbox,
        listen: () => own.inbox.listen(collective),
        publish: (letter) => publish(collective, letter, timeoutS),
      });
    },
    tell: async (collective, ddl, action, input, { to, ttlS, replyTo, filter: wanted = {} }) => {
      const filter = Filter.parse(wanted);
      const message = { collective, ddl, action, input, filter, timeoutS: ttlS };
      const letters = lettersOf(to, message, replyTo === undefined ? 'never' : undefined, replyTo);
      await Promise.all(letters.map((letter) => publish(collective, letter, ttlS)));
      return letters.map(({ request }) => request.id);
    },
  };
}

/** Throws USAGE, RPC_UNKNOWN_ACTION, RPC_INVALID_DATA. */
function checkQuestion({ filter, ddl, action, input }: Message): void {
  compileFilter(filter);
  const [secret] = secretsIn(actionOf(ddl, action).input, input);
  if (secret !== undefined)
    throw new MusterError(
      'RPC_INVALID_DATA',
      `${ddl.name}#${action}: ${secret} is secret: it is encrypted to one node, and cannot be sent to all`,
    );
}

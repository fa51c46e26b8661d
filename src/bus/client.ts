import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import type { Facts } from '../core/inventory.ts';
import type { Log } from '../core/log.ts';
import { Filter } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Encrypt, Opener, Sealer } from '../core/seal.ts';
import { secretsIn } from '../core/secret-fields.ts';
import type { RpcNode } from '../core/step.ts';
import { type AskOptions, type AskResult, gather, type Letter } from './ask.ts';
import type { Bus } from './bus.ts';
import { until } from './deadline.ts';
import { KEY_QUESTION, Readers } from './readers.ts';
import { ReplyInbox } from './replies.ts';
import { actionOf, encrypted, type Question, type SealedRequest, sealRequest } from './request.ts';
import { verdictOf } from './verdict.ts';

/** Asks nodes, as the holder of one certificate. */
export interface RpcClient {
  /**
   * Calls one action of one node and gives its checked output. Throws RPC_INVALID_DATA before anything is sent;
   * NODE_UNREACHABLE or BROKER_UNREACHABLE after `timeoutS` (the DDL's, if not given); RPC_* or the node's own code.
   * Secret fields of the input travel encrypted to the node; its key is asked for first, at most once a minute.
   * A request is never sent again by itself: after a lost connection the caller sees the time-out and decides.
   */
  call<D extends Ddl, N extends ActionName<D>>(
    collective: string,
    identity: string,
    ddl: D,
    action: N,
    input: ActionInput<D, N>,
    options?: { timeoutS?: number; signal?: AbortSignal },
  ): Promise<ActionOutput<D, N>>;
  /** One node as steps see it. */
  node(collective: string, identity: string, facts: Facts): RpcNode;
  /**
   * Asks all nodes that the filter means, or those of `to` alone. Ends when all `expected` have answered (and `graceMs` more, for others), or at
   * the deadline; nodes that did not answer are named, which is no error. Throws RPC_INVALID_DATA before anything is
   * sent, also when the input holds a secret: nothing can be encrypted to all.
   */
  ask<D extends Ddl, N extends ActionName<D>>(
    collective: string,
    ddl: D,
    action: N,
    input: ActionInput<D, N>,
    options: AskOptions<ActionOutput<D, N>>,
  ): Promise<AskResult<ActionOutput<D, N>>>;
  /** Ends the reply subscriptions; the bus stays. */
  close(): Promise<void>;
}

/** Makes a client with a session of its own (64 random bits), which is part of its reply address. */
export function createRpcClient(own: {
  bus: Bus;
  sealer: Sealer;
  opener: Opener;
  log: Log;
  clock: Clock;
}): RpcClient {
  const session = randomBytes(8).toString('hex');
  const inbox = new ReplyInbox({ ...own, session });
  const readers = new Readers(own.clock);
  const seal = (question: Question) => sealRequest(question, session, own);

  const directed = (
    to: { collective: string; identity: string },
    ddl: Ddl,
    action: string,
    input: unknown,
    timeoutS: number,
  ) => {
    const { collective, identity } = to;
    return seal({
      aud: `node:${identity}`,
      collective,
      ddl,
      action,
      input,
      filter: Filter.parse({}),
      timeoutS,
    });
  };

  const send = async (collective: string, identity: string, request: SealedRequest, deadlineS: number) => {
    await inbox.listen(collective);
    const exchange = brokerNames.requestExchange(collective);
    const destination = { exchange, key: brokerNames.nodeKey(identity) };
    await own.bus.publish(destination, request.body, { ttlS: request.ttlS, deadlineS });
  };

  /** A node's key, from whatever it answers. */
  const askKey = async (collective: string, identity: string, timeoutS: number): Promise<Encrypt> => {
    const request = directed({ collective, identity }, KEY_QUESTION, 'ping', {}, timeoutS);
    const answer = Promise.withResolvers<Encrypt>();
    const forget = inbox.expect(request, KEY_QUESTION.name, 'ping', (sender, _, encrypt) => {
      if (sender.name === identity) answer.resolve(encrypt);
    });
    try {
      await send(collective, identity, request, timeoutS);
      return await until(answer.promise, timeoutS, undefined, (why) =>
        unreachable(identity, `no key to encrypt to ${why}`),
      );
    } finally {
      forget();
    }
  };

  const call: RpcClient['call'] = async (collective, identity, ddl, action, input, options = {}) => {
    const timeoutS = options.timeoutS ?? ddl.timeoutS;
    const request = directed({ collective, identity }, ddl, action, input, timeoutS);
    const secret = secretsIn(actionOf(ddl, action).input, input).length > 0;
    const answer = Promise.withResolvers<ActionOutput<typeof ddl, typeof action>>();
    answer.promise.catch(() => undefined);
    const forget = inbox.expect(request, ddl.name, action, (sender, reply) => {
      if (sender.name !== identity) return;
      const verdict = verdictOf(identity, ddl, reply);
      if (verdict.ok) answer.resolve(verdict.data as ActionOutput<typeof ddl, typeof action>);
      else answer.reject(verdict.error);
    });
    let sent = false;
    const exchange = async () => {
      const wrapped = secret
        ? encrypted(request, await readers.of(identity, () => askKey(collective, identity, timeoutS)))
        : request;
      await send(collective, identity, wrapped, timeoutS);
      sent = true;
      return answer.promise;
    };
    try {
      return await until(Promise.race([answer.promise, exchange()]), timeoutS, options.signal, (why) => {
        if (secret) readers.forget(identity);
        return sent
          ? unreachable(identity, `no answer to ${ddl.name}#${action} ${why}`)
          : new MusterError(
              'BROKER_UNREACHABLE',
              `${ddl.name}#${action} for ${identity} was not sent ${why}`,
            );
      });
    } finally {
      forget();
    }
  };

  return {
    call,
    node: (collective, identity, facts) => ({
      identity,
      facts,
      call: (ddl, action, input, options) => call(collective, identity, ddl, action, input, options),
    }),
    ask: async (collective, ddl, action, input, options) => {
      const filter = Filter.parse(options.filter ?? {});
      const [secret] = secretsIn(actionOf(ddl, action).input, input);
      if (secret !== undefined)
        throw new MusterError(
          'RPC_INVALID_DATA',
          `${ddl.name}#${action}: ${secret} is secret: it is encrypted to one node, and cannot be sent to all`,
        );
      const { timeoutS, to } = options;
      const letter = (aud: Question['aud'], identity: string | null): Letter => ({
        to: identity,
        request: seal({ aud, collective, ddl, action, input, filter, timeoutS }),
      });
      const letters = to?.map((identity) => letter(`node:${identity}`, identity)) ?? [letter('all', null)];
      const exchange = brokerNames.requestExchange(collective);
      return gather(letters, ddl, action, options, {
        inbox,
        listen: () => inbox.listen(collective),
        publish: ({ to: identity, request: { body, ttlS } }) => {
          const key = identity === null ? brokerNames.allKey : brokerNames.nodeKey(identity);
          return own.bus.publish({ exchange, key }, body, { ttlS, deadlineS: timeoutS });
        },
      });
    },
    close: () => inbox.close(),
  };
}

function unreachable(identity: string, why: string): MusterError {
  return new MusterError('NODE_UNREACHABLE', `${identity}: ${why}`);
}

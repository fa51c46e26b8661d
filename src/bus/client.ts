import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import type { Facts } from '../core/inventory.ts';
import type { Log } from '../core/log.ts';
import { Filter } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Opener, Sealer } from '../core/seal.ts';
import type { RpcNode } from '../core/step.ts';
import { type AskOptions, type AskResult, gather } from './ask.ts';
import type { Bus } from './bus.ts';
import { until } from './deadline.ts';
import { ReplyInbox } from './replies.ts';
import { type Question, sealRequest } from './request.ts';
import { verdictOf } from './verdict.ts';

/** Asks nodes, as the holder of one certificate. */
export interface RpcClient {
  /**
   * Calls one action of one node and gives its checked output. Throws RPC_INVALID_DATA before anything is sent;
   * NODE_UNREACHABLE or BROKER_UNREACHABLE after `timeoutS` (the DDL's, if not given); RPC_* or the node's own code.
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
   * Asks all nodes that the filter means. Ends when all `expected` have answered (and `graceMs` more, for others), or at
   * the deadline; nodes that did not answer are named, which is no error.
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
  const inbox = new ReplyInbox({ ...own, name: own.sealer.name, session });
  const seal = (question: Question) => sealRequest(question, session, own);

  const call: RpcClient['call'] = async (collective, identity, ddl, action, input, options = {}) => {
    const timeoutS = options.timeoutS ?? ddl.timeoutS;
    const aud = `node:${identity}` as const;
    const request = seal({ aud, collective, ddl, action, input, filter: Filter.parse({}), timeoutS });
    const destination = {
      exchange: brokerNames.requestExchange(collective),
      key: brokerNames.nodeKey(identity),
    };
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
      await inbox.listen(collective);
      await own.bus.publish(destination, request.body, { ttlS: request.ttlS, deadlineS: timeoutS });
      sent = true;
      return answer.promise;
    };
    try {
      return await until(Promise.race([answer.promise, exchange()]), timeoutS, options.signal, (why) =>
        sent
          ? new MusterError('NODE_UNREACHABLE', `${identity}: no answer to ${ddl.name}#${action} ${why}`)
          : new MusterError(
              'BROKER_UNREACHABLE',
              `${ddl.name}#${action} for ${identity} was not sent ${why}`,
            ),
      );
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
      const request = seal({
        aud: 'all',
        collective,
        ddl,
        action,
        input,
        filter,
        timeoutS: options.timeoutS,
      });
      const destination = { exchange: brokerNames.requestExchange(collective), key: brokerNames.allKey };
      return gather(request, ddl, action, options, {
        inbox,
        listen: () => inbox.listen(collective),
        publish: () =>
          own.bus.publish(destination, request.body, { ttlS: request.ttlS, deadlineS: options.timeoutS }),
      });
    },
    close: () => inbox.close(),
  };
}

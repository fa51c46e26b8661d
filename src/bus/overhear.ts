import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Reply } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Opener, Sealer } from '../core/seal.ts';
import type { Bus, BusSubscription } from './bus.ts';

/** An answer to a request that somebody else of the same name sent. */
export interface OverheardReply {
  readonly identity: string;
  readonly reply: Reply;
}

/**
 * Hears all answers to requests that named this session as their reply address. Caller and node are proven: the broker gives a
 * caller's answers to nobody else, and the node has signed. That an answer belongs to a request is only what the node says
 * (`reply.re`): the request itself is not known here. Throws BROKER_REFUSED, BROKER_UNREACHABLE.
 */
export function overhear(
  own: { bus: Bus; sealer: Sealer; opener: Opener; log: Log },
  at: { collective: string; session: string },
  hear: (heard: OverheardReply) => void,
): Promise<BusSubscription> {
  const destination = {
    exchange: brokerNames.replyExchange(at.collective),
    key: brokerNames.replyPattern(own.sealer.name, at.session),
  };
  const seen = new Set<string>();
  const arrived = (body: Buffer): void => {
    try {
      const { payload, sender } = own.opener.open(own.sealer.unwrap(body).signed);
      const parsed = Reply.safeParse(payload);
      const isNode = sender.role === 'node' || sender.role === 'master';
      if (!parsed.success || !isNode) return;
      const key = `${sender.name} ${parsed.data.re}`;
      if (seen.has(key)) return;
      seen.add(key);
      hear({ identity: sender.name, reply: parsed.data });
    } catch (thrown) {
      own.log.warn({ err: asMusterError(thrown).message }, 'reply refused');
    }
  };
  return own.bus.subscribe(destination, arrived, { ack: 'auto' });
}

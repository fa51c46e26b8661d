import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MAX_MESSAGE_BYTES, NodeEvent } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Opener, Sealer, Sender } from '../core/seal.ts';
import type { Bus, BusSubscription, Delivery } from './bus.ts';

const EVENT_TTL_S = 600;
const EVENT_DEADLINE_S = 30;
const SKEW_MS = 30_000;
const PREFETCH = 20;
/** Wait before an event that could not be handled is given back to the queue. */
const RETRY_MS = 1000;

/** Tells the controllers something, signed. Throws BROKER_UNREACHABLE, BROKER_REFUSED, CONFLICT when it is larger than they read. */
export async function publishEvent(
  own: { bus: Bus; sealer: Sealer; clock: Clock },
  event: NodeEvent['event'],
): Promise<void> {
  const stamp = { v: 1, iat_ms: own.clock.nowMs(), ttl_s: EVENT_TTL_S } as const;
  const message: NodeEvent = { ...stamp, typ: 'event', id: randomBytes(16).toString('hex'), event };
  const destination = { exchange: brokerNames.eventExchange, key: brokerNames.eventKey(own.sealer.name) };
  const body = own.sealer.seal(message);
  if (body.length > MAX_MESSAGE_BYTES)
    throw new MusterError(
      'CONFLICT',
      `the ${event.kind} has ${body.length} bytes, and at most ${MAX_MESSAGE_BYTES} are read: the node has too much to tell`,
    );
  await own.bus.publish(destination, body, {
    ttlS: EVENT_TTL_S,
    deadlineS: EVENT_DEADLINE_S,
    // Lines of an audit are sent once.
    persistent: event.kind === 'audit',
  });
}

/** Takes one event of a node or master. What it throws brings the event back after a second, to any controller. */
export type EventHandler = (event: NodeEvent['event'], sender: Sender, id: string) => Promise<void>;

/** Is told of an event that is dropped: a fixed upper-case word, and who signed it, when that holds. Must not throw. */
export type EventRefused = (reason: string, sender: string | null) => void;

/**
 * Hears the events of all nodes, each once among all controllers, at least once in all. Forged, expired and malformed
 * ones are dropped with a line in the log, and `refused` is told.
 */
export function consumeEvents(
  own: { bus: Bus; opener: Opener; clock: Clock; log: Log; refused?: EventRefused },
  handler: EventHandler,
): Promise<BusSubscription> {
  const arrived = async (body: Buffer, delivery: Delivery) => {
    let opened: { message: NodeEvent; sender: Sender };
    try {
      opened = openEvent(body, own);
    } catch (thrown) {
      const { message } = asMusterError(thrown);
      own.log.warn({ err: message }, 'event refused');
      const [reason = 'FORMAT', sender = null] =
        thrown instanceof EventError ? [thrown.reason, thrown.sender] : [/^[A-Z_]+(?=:)/.exec(message)?.[0]];
      own.refused?.(reason, sender);
      delivery.ack();
      return;
    }
    try {
      await handler(opened.message.event, opened.sender, opened.message.id);
      delivery.ack();
    } catch (thrown) {
      own.log.warn({ err: asMusterError(thrown).message, sender: opened.sender.name }, 'event not handled');
      setTimeout(() => delivery.nack({ requeue: true }), RETRY_MS);
    }
  };
  const options = { ack: 'each', prefetch: PREFETCH, keepTrying: true } as const;
  return own.bus.subscribe(
    { queue: brokerNames.eventQueue },
    (body, delivery) => void arrived(body, delivery),
    options,
  );
}

/** A signed event that does not count. */
class EventError extends Error {
  readonly reason: string;
  readonly sender: string;

  constructor(reason: string, sender: string) {
    super(`${reason}: of ${sender}`);
    this.name = 'EventError';
    this.reason = reason;
    this.sender = sender;
  }
}

function openEvent(
  body: Buffer,
  own: { opener: Opener; clock: Clock },
): { message: NodeEvent; sender: Sender } {
  const { payload, sender } = own.opener.open(body);
  const refuse = (reason: string): never => {
    throw new EventError(reason, sender.name);
  };
  if (sender.role !== 'node' && sender.role !== 'master') return refuse('ROLE');
  const parsed = NodeEvent.safeParse(payload);
  if (!parsed.success) return refuse('FORMAT');
  const message = parsed.data;
  const ageMs = own.clock.nowMs() - message.iat_ms;
  if (ageMs > message.ttl_s * 1000 + SKEW_MS || ageMs < -SKEW_MS) return refuse('EXPIRED');
  return { message, sender };
}

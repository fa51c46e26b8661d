import type { Clock } from '../core/clock.ts';
import type { MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Destination } from './destination.ts';
import type { SessionOptions } from './session.ts';

/** `connecting` covers every try, the first and all later ones. */
export type BusState = 'connecting' | 'up' | 'closing' | 'closed';

/** How one message is settled, in mode `each`. Settling it after the connection was lost does nothing: it comes again. */
export interface Delivery {
  ack(): void;
  /** Gives it back to the queue, or drops it. */
  nack(options: { requeue: boolean }): void;
}

/** Receives bodies of at most MAX_MESSAGE_BYTES. It must not throw; what it throws is logged. */
export type MessageHandler = (body: Buffer, delivery: Delivery) => void;

/** `each`: every message is settled by its handler, at most `prefetch` unsettled; `auto`: delivered once, at most. */
export interface SubscribeOptions {
  readonly ack: 'auto' | 'each';
  readonly prefetch?: number;
  /** Do not reject when the broker refuses it the first time: try again as for one that is refused later. */
  readonly keepTrying?: boolean;
  /** Ends the subscription, made or not. */
  readonly signal?: AbortSignal;
}

/** `ttlS`: how long the broker keeps it; `deadlineS`: how long we try. Seconds. */
export interface PublishOptions {
  readonly ttlS: number;
  readonly deadlineS: number;
  /** On the broker's disk when its receipt comes: survives a restart of the broker. */
  readonly persistent?: boolean;
}

/** A subscription that is made again on every connection. */
export interface BusSubscription {
  close(): Promise<void>;
}

/** One connection to the broker that comes back by itself. */
export interface Bus {
  readonly state: BusState;
  /**
   * Fulfilled once connected with all subscriptions made. Throws BROKER_UNREACHABLE after `timeoutS` or when `signal`
   * aborts; BROKER_REFUSED at once when the broker refuses the login, only with `giveUpOnRefusal`.
   */
  ready(options?: { timeoutS?: number; signal?: AbortSignal; giveUpOnRefusal?: boolean }): Promise<void>;
  /**
   * Fulfilled by the broker's receipt. Kept through a lost connection and sent again until `deadlineS`, so that it may
   * arrive twice. Throws BROKER_UNREACHABLE (deadline, outbox full, bus closed), BROKER_REFUSED (not permitted).
   */
  publish(
    destination: { exchange: string; key: string },
    body: Buffer,
    options: PublishOptions,
  ): Promise<void>;
  /**
   * Fulfilled when the broker has made it. Throws BROKER_REFUSED with the broker's text. One that is refused later, on a
   * new connection, is tried again ever more seldom (30 s to 10 min) and logged.
   */
  subscribe(
    destination: Destination,
    handler: MessageHandler,
    options: SubscribeOptions,
  ): Promise<BusSubscription>;
  /** Waits up to 2 s for what is in the outbox, says good-bye, and ends. */
  close(): Promise<void>;
}

/** How to open a bus. */
export interface BusOptions {
  readonly broker: SessionOptions;
  readonly log: Log;
  readonly clock: Clock;
  readonly onState?: (state: BusState, why: MusterError | null) => void;
  /** Told why each connection, or try of one, has ended. */
  readonly onFailure?: (why: MusterError) => void;
  /** First wait before connecting again, in ms (grows, with full jitter). */
  readonly backoffBaseMs?: number;
}

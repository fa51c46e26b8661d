import { asMusterError, MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { BusSubscription, Delivery, MessageHandler, SubscribeOptions } from './bus.ts';
import { type Destination, stompDestination } from './destination.ts';
import type { Session } from './session.ts';
import type { StompFrame } from './stomp.ts';

const PARK_BASE_MS = 30_000;
const PARK_CAP_MS = 600_000;
const DEFAULT_PREFETCH = 20;

interface Entry {
  readonly id: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly handler: MessageHandler;
  readonly first: PromiseWithResolvers<void>;
  /** How often the broker refused it after it had been made once. */
  refusals: number;
  everMade: boolean;
  readonly keepTrying: boolean;
  parked: NodeJS.Timeout | undefined;
}

/** The subscriptions of a bus: made again on each session, one after the other so that a refusal has one culprit. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Set<Entry>();
  readonly #log: Log;
  #session: Session | undefined;
  #nextId = 1;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Subscriptions that wait for the broker's receipt. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Fulfilled when the broker has made it. Throws BROKER_REFUSED. */
  async add(
    destination: Destination,
    handler: MessageHandler,
    options: SubscribeOptions,
  ): Promise<BusSubscription> {
    const id = `s${this.#nextId++}`;
    const each = { ack: 'client-individual', 'prefetch-count': options.prefetch ?? DEFAULT_PREFETCH };
    const headers = {
      id,
      destination: stompDestination(destination),
      ...(options.ack === 'each' ? each : { ack: 'auto' }),
    };
    const first = Promise.withResolvers<void>();
    const entry: Entry = {
      id,
      headers,
      handler,
      first,
      refusals: 0,
      everMade: false,
      keepTrying: options.keepTrying ?? false,
      parked: undefined,
    };
    this.#entries.set(id, entry);
    const stop = () => void this.#remove(entry);
    options.signal?.addEventListener('abort', stop, { once: true });
    if (this.#session) void this.#make(entry, this.#session);
    await first.promise;
    return { close: () => this.#remove(entry) };
  }

  /** Makes all that are not parked on a new session. Ends early when the session does. */
  async attach(session: Session): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.parked === undefined && this.#entries.has(entry.id)) await this.#make(entry, session);
      if (!session.alive) return;
    }
    this.#session = session;
    // Those that were added meanwhile.
    for (const entry of this.#entries.values())
      if (!entry.everMade && !this.#pending.has(entry) && entry.parked === undefined)
        await this.#make(entry, session);
  }

  /** The session has ended. `alone`: nothing else was on its way, so that a refusal can only mean a subscription. */
  detach(error: MusterError, alone: boolean): void {
    this.#session = undefined;
    const [only] = this.#pending;
    if (error.code === 'BROKER_REFUSED' && alone && this.#pending.size === 1 && only)
      this.#refused(only, error);
    this.#pending.clear();
  }

  /** Rejects those that were never made. */
  close(error: MusterError): void {
    for (const entry of this.#entries.values()) {
      clearTimeout(entry.parked);
      entry.first.reject(error);
    }
    this.#entries.clear();
  }

  async #make(entry: Entry, session: Session): Promise<void> {
    this.#pending.add(entry);
    session.onMessage(entry.id, (frame) => this.#deliver(entry, session, frame));
    try {
      await session.request('SUBSCRIBE', entry.headers);
    } catch {
      return; // The session has ended: detach() sees to it.
    }
    this.#pending.delete(entry);
    entry.everMade = true;
    entry.refusals = 0;
    entry.first.resolve();
  }

  #refused(entry: Entry, error: MusterError): void {
    if (!entry.everMade && !entry.keepTrying) {
      this.#entries.delete(entry.id);
      entry.first.reject(error);
      return;
    }
    const waitMs = Math.min(PARK_CAP_MS, PARK_BASE_MS * 2 ** entry.refusals) * (0.5 + Math.random() / 2);
    entry.refusals += 1;
    this.#log.warn(
      { destination: entry.headers.destination, waitS: waitMs / 1000, err: error.message },
      'subscription refused',
    );
    entry.parked = setTimeout(() => {
      entry.parked = undefined;
      if (this.#session) void this.#make(entry, this.#session);
    }, waitMs);
  }

  #deliver(entry: Entry, session: Session, frame: StompFrame): void {
    const settle = once((command: 'ACK' | 'NACK', headers: Record<string, string>) => {
      // Bound to the session it came by: an ack of an older one would make the broker hang up.
      if (frame.headers.ack !== undefined)
        session.acknowledge(command, { id: frame.headers.ack, ...headers });
    });
    const delivery: Delivery = {
      ack: () => settle('ACK', {}),
      nack: ({ requeue }) => settle('NACK', { requeue: String(requeue) }),
    };
    if (frame.oversize) {
      this.#log.warn({ destination: entry.headers.destination }, 'oversize message dropped');
      delivery.nack({ requeue: false });
      return;
    }
    try {
      entry.handler(frame.body, delivery);
    } catch (thrown) {
      this.#log.error({ err: asMusterError(thrown).message }, 'message handler failed');
    }
  }

  async #remove(entry: Entry): Promise<void> {
    clearTimeout(entry.parked);
    entry.first.reject(new MusterError('BROKER_UNREACHABLE', 'the subscription was given up'));
    if (!this.#entries.delete(entry.id) || !this.#session) return;
    const session = this.#session;
    await session.request('UNSUBSCRIBE', { id: entry.id }).catch(() => undefined);
    session.onMessage(entry.id, null);
  }
}

function once<A extends unknown[]>(run: (...given: A) => void): (...given: A) => void {
  let done = false;
  return (...given) => {
    if (done) return;
    done = true;
    run(...given);
  };
}

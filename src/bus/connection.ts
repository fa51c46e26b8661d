import { backoffMs } from '../core/backoff.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type {
  Bus,
  BusOptions,
  BusState,
  BusSubscription,
  MessageHandler,
  PublishOptions,
  SubscribeOptions,
} from './bus.ts';
import { type Destination, stompDestination } from './destination.ts';
import { Outbox } from './outbox.ts';
import { connectSession, type Session } from './session.ts';
import { Subscriptions } from './subscriptions.ts';
import { Waiters } from './waiters.ts';

const BACKOFF_BASE_MS = 500;
/**
 * Longest wait before another try: so short that after an outage of minutes everybody is back within five seconds of the
 * broker's return, TLS and subscriptions included; longer afterwards.
 */
const CAP_AT_FIRST_MS = 3000;
const CAP_LATER_MS = 30_000;
const LONG_OUTAGE_MS = 600_000;
/** A connection that held this long was a good one: the next loss begins with short waits again. */
const STABLE_MS = 10_000;
/** For all subscriptions of a new connection together. */
const SUBSCRIBE_MS = 10_000;
const DRAIN_MS = 2000;
const GOODBYE_MS = 2000;

/**
 * Opens a bus and begins to connect; it never gives up by itself. One state machine: connecting, up, closing, closed.
 * Reconnects with full jitter, so that a fleet does not come back at once.
 */
export function openBus(options: BusOptions): Bus {
  const connection = new Connection(options);
  void connection.run();
  return connection;
}

class Connection implements Bus {
  readonly #options: BusOptions;
  readonly #outbox = new Outbox();
  readonly #subscriptions: Subscriptions;
  readonly #waiters = new Waiters();
  readonly #stop = new AbortController();
  #state: BusState = 'connecting';
  #session: Session | undefined;
  #attempt = 0;
  #warnedOf: string | undefined;
  #downSinceMs: number;
  #ended: Promise<void> | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#subscriptions = new Subscriptions(options.log);
    this.#downSinceMs = options.clock.monotonicMs();
  }

  get state(): BusState {
    return this.#state;
  }

  /** Connects again and again until the bus is closed. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const error = await this.#oneSession();
      if (this.#stop.signal.aborted) return;
      this.#setState('connecting', error);
      this.#waiters.tellFailure(error);
      this.#options.onFailure?.(error);
      const waitMs = this.#nextWaitMs();
      this.#say(error, waitMs);
      await sleep(waitMs, this.#stop.signal);
    }
  }

  ready(options: Parameters<Bus['ready']>[0] = {}): Promise<void> {
    if (this.#state === 'up') return Promise.resolve();
    if (this.#stop.signal.aborted)
      return Promise.reject(new MusterError('BROKER_UNREACHABLE', 'the bus is closed'));
    return this.#waiters.wait(options ?? {});
  }

  publish(
    destination: { exchange: string; key: string },
    body: Buffer,
    options: PublishOptions,
  ): Promise<void> {
    try {
      const headers = {
        destination: stompDestination(destination),
        expiration: Math.ceil(options.ttlS * 1000),
        ...(options.persistent === true ? { persistent: 'true' } : {}),
      };
      return this.#outbox.add(headers, body, options.deadlineS);
    } catch (thrown) {
      return Promise.reject(asMusterError(thrown));
    }
  }

  async subscribe(
    destination: Destination,
    handler: MessageHandler,
    options: SubscribeOptions,
  ): Promise<BusSubscription> {
    if (this.#stop.signal.aborted) throw new MusterError('BROKER_UNREACHABLE', 'the bus is closed');
    return this.#subscriptions.add(destination, handler, options);
  }

  close(): Promise<void> {
    this.#ended ??= this.#close();
    return this.#ended;
  }

  /** Connects once; gives why the connection ended. */
  async #oneSession(): Promise<MusterError> {
    let session: Session;
    try {
      session = await connectSession(this.#options.broker);
    } catch (thrown) {
      return asMusterError(thrown);
    }
    this.#session = session;
    const upSinceMs = this.#options.clock.monotonicMs();
    if (this.#stop.signal.aborted) void session.close(GOODBYE_MS);
    else await this.#begin(session);
    const error = await session.closed;
    this.#session = undefined;
    const [sends, subscribes] = [this.#outbox.inFlight, this.#subscriptions.pending];
    this.#subscriptions.detach(error, sends === 0);
    this.#outbox.detach(error, subscribes === 0);
    this.#downSinceMs = this.#options.clock.monotonicMs();
    if (this.#downSinceMs - upSinceMs > STABLE_MS) this.#attempt = 0;
    return error;
  }

  async #begin(session: Session): Promise<void> {
    // A broker that takes subscriptions and never confirms them would keep us here for ever.
    const limitMs = this.#options.broker.handshakeMs ?? SUBSCRIBE_MS;
    const timer = setTimeout(() => void session.close(0), limitMs);
    await this.#subscriptions.attach(session);
    clearTimeout(timer);
    if (!session.alive) return;
    this.#outbox.attach(session);
    if (this.#stop.signal.aborted) return;
    this.#warnedOf = undefined;
    this.#options.log.info({ host: this.#options.broker.host }, 'connected to the broker');
    this.#setState('up', null);
    this.#waiters.tellUp();
  }

  async #close(): Promise<void> {
    this.#setState('closing', null);
    if (this.#session?.alive) await this.#outbox.drained(DRAIN_MS);
    this.#stop.abort();
    const closed = new MusterError('BROKER_UNREACHABLE', 'the bus was closed');
    this.#outbox.close();
    this.#subscriptions.close(closed);
    this.#waiters.close(closed);
    await this.#session?.close(GOODBYE_MS);
    this.#setState('closed', null);
  }

  /** One warning an outage and kind of failure; the other tries are for whoever debugs. */
  #say(error: MusterError, waitMs: number): void {
    const fields = { code: error.code, err: error.message, waitMs };
    if (this.#warnedOf === error.code) this.#options.log.debug(fields, 'still no connection to the broker');
    else this.#options.log.warn(fields, 'no connection to the broker');
    this.#warnedOf = error.code;
  }

  #nextWaitMs(): number {
    const outageMs = this.#options.clock.monotonicMs() - this.#downSinceMs;
    const baseMs = this.#options.backoffBaseMs ?? BACKOFF_BASE_MS;
    const capMs = outageMs > LONG_OUTAGE_MS ? CAP_LATER_MS : CAP_AT_FIRST_MS;
    return backoffMs(this.#attempt++, { baseMs, capMs });
  }

  #setState(state: BusState, why: MusterError | null): void {
    if (this.#state === state || this.#state === 'closed') return;
    if (this.#state === 'closing' && state !== 'closed') return;
    this.#state = state;
    this.#options.onState?.(state, why);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

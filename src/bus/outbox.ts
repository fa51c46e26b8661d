import { MusterError } from '../core/errors.ts';
import type { Session } from './session.ts';
import type { StompHeaders } from './stomp.ts';

const MAX_ITEMS = 5000;
const MAX_BYTES = 32 * 1024 * 1024;
/** Messages that may wait for their receipt at a time. */
const WINDOW = 200;

interface Item {
  readonly headers: StompHeaders;
  readonly body: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: MusterError) => void;
  readonly timer: NodeJS.Timeout;
  /** On its way when the broker refused something: it is sent alone next time, so that the guilty one shows. */
  suspect: boolean;
}

/**
 * What is to be sent, in order, until the broker has it. Survives a lost connection; bounded by number and bytes; each
 * message has its own deadline. Nothing is dropped without its promise saying so.
 */
export class Outbox {
  readonly #waiting: Item[] = [];
  readonly #inFlight = new Set<Item>();
  #bytes = 0;
  #session: Session | undefined;
  #closed = false;
  readonly #idle = new Set<() => void>();

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Fulfilled by the receipt. Throws BROKER_UNREACHABLE (deadline, full, closed) or BROKER_REFUSED. */
  add(headers: StompHeaders, body: Buffer, deadlineS: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const size = this.#waiting.length + this.#inFlight.size;
    if (this.#closed) reject(unreachable('the bus is closed'));
    else if (size >= MAX_ITEMS || this.#bytes + body.length > MAX_BYTES)
      reject(unreachable(`the outbox is full with ${size} messages`));
    else {
      const expire = () =>
        this.#settle(item, unreachable(`the broker did not take a message within ${deadlineS} s`));
      const timer = setTimeout(expire, deadlineS * 1000);
      const item: Item = { headers, body, resolve, reject, timer, suspect: false };
      this.#bytes += body.length;
      this.#waiting.push(item);
      this.#pump();
    }
    return promise;
  }

  /** Sends over this session from now on. */
  attach(session: Session): void {
    this.#session = session;
    this.#pump();
  }

  /** The session has ended. `alone`: nothing else was on its way, so that a refusal can only mean the outbox. */
  detach(error: MusterError, alone: boolean): void {
    this.#session = undefined;
    const items = [...this.#inFlight];
    const [only] = items;
    if (error.code === 'BROKER_REFUSED' && alone && items.length === 1 && only) {
      this.#settle(only, error);
      return;
    }
    this.#inFlight.clear();
    for (const item of items) item.suspect ||= error.code === 'BROKER_REFUSED';
    this.#waiting.unshift(...items);
  }

  /** Fulfilled when nothing is left, or after `timeoutMs`. */
  drained(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#idle.add(() => {
      clearTimeout(timer);
      resolve();
    });
    this.#tellIdle();
    return promise;
  }

  /** Rejects all that is left with BROKER_UNREACHABLE, and all that comes. */
  close(): void {
    this.#closed = true;
    for (const item of [...this.#inFlight, ...this.#waiting])
      this.#settle(item, unreachable('the bus was closed'));
  }

  #pump(): void {
    const session = this.#session;
    while (session?.alive && this.#maySendNext()) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      this.#inFlight.add(item);
      // A rejection means that the session has ended: detach() sees to it.
      session.request('SEND', item.headers, item.body).then(
        () => this.#settle(item, null),
        () => undefined,
      );
    }
  }

  #maySendNext(): boolean {
    const [next] = this.#waiting;
    if (next === undefined || this.#inFlight.size >= WINDOW) return false;
    if (this.#inFlight.size === 0) return true;
    return !next.suspect && ![...this.#inFlight].some((item) => item.suspect);
  }

  #settle(item: Item, error: MusterError | null): void {
    const at = this.#waiting.indexOf(item);
    if (at >= 0) this.#waiting.splice(at, 1);
    else if (!this.#inFlight.delete(item)) return;
    clearTimeout(item.timer);
    this.#bytes -= item.body.length;
    if (error === null) item.resolve();
    else item.reject(error);
    this.#pump();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#waiting.length + this.#inFlight.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

function unreachable(message: string): MusterError {
  return new MusterError('BROKER_UNREACHABLE', message);
}

import { MusterError } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES } from '../core/messages.ts';
import { errorOfConnection, errorOfFrame } from './refusals.ts';
import { openStomp, type StompFrame, type StompHeaders, type StompLink, type StompOptions } from './stomp.ts';

const HANDSHAKE_MS = 10_000;
/** How long the body of an ERROR frame may take. */
const ERROR_BODY_MS = 1000;

/** How to connect; `handshakeMs` is for TCP, TLS and CONNECTED together. */
export interface SessionOptions extends StompOptions {
  readonly handshakeMs?: number;
  /** Larger bodies are read away and given as `oversize`. */
  readonly maxBodyBytes?: number;
}

/** One login at the broker, from CONNECTED to its end. It is never used again after that. */
export interface Session {
  /** Why it ended: BROKER_REFUSED or BROKER_UNREACHABLE. Never rejects. */
  readonly closed: Promise<MusterError>;
  readonly alive: boolean;
  /** Fulfilled by the broker's receipt; rejects with what ended the connection. */
  request(command: 'SEND' | 'SUBSCRIBE' | 'UNSUBSCRIBE', headers: StompHeaders, body?: Buffer): Promise<void>;
  /** Whom the messages of a subscription id are given to. */
  onMessage(subscription: string, handler: ((message: StompFrame) => void) | null): void;
  /** No-op when the connection is gone: the broker delivers again by itself. */
  acknowledge(command: 'ACK' | 'NACK', headers: StompHeaders): void;
  /** Says good-bye and waits at most `timeoutMs` for the broker. */
  close(timeoutMs: number): Promise<void>;
}

/** Connects and logs in. Throws BROKER_UNREACHABLE or BROKER_REFUSED, at the latest after `handshakeMs`. */
export async function connectSession(options: SessionOptions): Promise<Session> {
  const session = new StompSession(options);
  const limitMs = options.handshakeMs ?? HANDSHAKE_MS;
  const timer = setTimeout(
    () =>
      session.end(new MusterError('BROKER_UNREACHABLE', `the broker did not answer within ${limitMs} ms`)),
    limitMs,
  );
  try {
    await session.connected;
    return session;
  } finally {
    clearTimeout(timer);
  }
}

class StompSession implements Session {
  readonly #connecting = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<MusterError>();
  readonly #link: StompLink;
  readonly #handlers = new Map<string, (message: StompFrame) => void>();
  readonly #receipts = new Map<string, { resolve(): void; reject(error: MusterError): void }>();
  #nextReceipt = 1;
  #over = false;
  /** The broker's own words, which count more than how the connection then ended. */
  #refusal: MusterError | undefined;

  constructor(options: SessionOptions) {
    this.#link = openStomp(options, {
      maxBodyBytes: options.maxBodyBytes ?? MAX_MESSAGE_BYTES,
      connected: (version) => this.#connected(version),
      message: (frame) => this.#handlers.get(frame.headers.subscription ?? '')?.(frame),
      receipt: (frame) => this.#receipt(frame.headers['receipt-id'] ?? ''),
      refused: (headers, whole) => this.#refused(headers.message ?? 'ERROR', whole),
      error: (cause) => this.end(errorOfConnection(cause)),
    });
  }

  get connected(): Promise<void> {
    return this.#connecting.promise;
  }

  get closed(): Promise<MusterError> {
    return this.#closing.promise;
  }

  get alive(): boolean {
    return !this.#over;
  }

  /** The connection is over; the first reason counts. */
  end(error: MusterError): void {
    if (this.#over) return;
    this.#over = true;
    this.#link.destroy();
    const reason = this.#refusal ?? error;
    this.#handlers.clear();
    this.#connecting.reject(reason);
    for (const receipt of this.#receipts.values()) receipt.reject(reason);
    this.#receipts.clear();
    this.#closing.resolve(reason);
  }

  request(command: string, headers: StompHeaders, body?: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#over) {
      reject(new MusterError('BROKER_UNREACHABLE', 'the connection was closed'));
      return promise;
    }
    const receipt = `r${this.#nextReceipt++}`;
    this.#receipts.set(receipt, { resolve, reject });
    this.#link.send(command, { ...headers, receipt }, body);
    return promise;
  }

  onMessage(subscription: string, handler: ((message: StompFrame) => void) | null): void {
    if (handler === null) this.#handlers.delete(subscription);
    else this.#handlers.set(subscription, handler);
  }

  acknowledge(command: string, headers: StompHeaders): void {
    if (!this.#over) this.#link.send(command, headers);
  }

  async close(timeoutMs: number): Promise<void> {
    const closed = new MusterError('BROKER_UNREACHABLE', 'closed by us');
    const timer = setTimeout(() => this.end(closed), timeoutMs);
    await this.request('DISCONNECT', {}).catch(() => undefined);
    clearTimeout(timer);
    this.end(closed);
  }

  #connected(version: string | undefined): void {
    if (version === '1.2') this.#connecting.resolve();
    else this.end(new MusterError('BROKER_REFUSED', `the broker speaks STOMP ${version}, expected 1.2`));
  }

  #receipt(id: string): void {
    this.#receipts.get(id)?.resolve();
    this.#receipts.delete(id);
  }

  #refused(message: string, whole: Promise<StompFrame>): void {
    this.#refusal ??= errorOfFrame(message, '');
    const timer = setTimeout(() => this.end(errorOfFrame(message, '')), ERROR_BODY_MS);
    void whole.then(({ body }) => {
      clearTimeout(timer);
      this.#refusal = errorOfFrame(message, body.toString('utf8'));
      this.end(this.#refusal);
    });
  }
}

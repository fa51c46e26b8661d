import { MusterError } from '../core/errors.ts';

/** How one caller waits for the connection. */
interface WaitOptions {
  readonly timeoutS?: number;
  readonly signal?: AbortSignal;
  readonly giveUpOnRefusal?: boolean;
}

interface Waiter {
  readonly giveUpOnRefusal: boolean;
  end(error: MusterError | null): void;
}

/** Those who wait for the bus to be up. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();
  #last: MusterError | undefined;

  /** Throws BROKER_UNREACHABLE after `timeoutS` or on abort, naming the last failure; BROKER_REFUSED when asked to give up. */
  wait(options: WaitOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = () => waiter.end(this.#unreachable(`not connected within ${options.timeoutS} s`));
    const stopped = () => waiter.end(this.#unreachable('the wait for the broker was given up'));
    const timer = options.timeoutS === undefined ? undefined : setTimeout(late, options.timeoutS * 1000);
    const waiter: Waiter = {
      giveUpOnRefusal: options.giveUpOnRefusal ?? false,
      end: (error) => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', stopped);
        this.#waiters.delete(waiter);
        if (error === null) resolve();
        else reject(error);
      },
    };
    this.#waiters.add(waiter);
    options.signal?.addEventListener('abort', stopped, { once: true });
    if (options.signal?.aborted) stopped();
    else if (this.#last) this.#giveUp(waiter, this.#last);
    return promise;
  }

  tellUp(): void {
    this.#last = undefined;
    for (const waiter of [...this.#waiters]) waiter.end(null);
  }

  tellFailure(error: MusterError): void {
    this.#last = error;
    for (const waiter of [...this.#waiters]) this.#giveUp(waiter, error);
  }

  close(error: MusterError): void {
    for (const waiter of [...this.#waiters]) waiter.end(error);
  }

  #giveUp(waiter: Waiter, error: MusterError): void {
    if (waiter.giveUpOnRefusal && error.code === 'BROKER_REFUSED') waiter.end(error);
  }

  #unreachable(message: string): MusterError {
    const last = this.#last === undefined ? '' : ` (${this.#last.message})`;
    return new MusterError('BROKER_UNREACHABLE', `${message}${last}`);
  }
}

/** Items that come by themselves, taken one by one by one reader. */
export class Mailbox<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | null = null;

  put(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** The next item, or null after `waitMs`. Throws the reason of `signal`. */
  async take(waitMs: number, signal: AbortSignal): Promise<T | null> {
    signal.throwIfAborted();
    if (this.#items.length === 0) await this.#somethingWithin(waitMs, signal);
    signal.throwIfAborted();
    return this.#items.shift() ?? null;
  }

  async #somethingWithin(waitMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = () => resolve();
    const timer = setTimeout(stop, waitMs);
    this.#wake = stop;
    signal.addEventListener('abort', stop, { once: true });
    await promise;
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
    this.#wake = null;
  }
}

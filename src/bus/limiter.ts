/** Runs at most `running` tasks at a time; up to `waiting` more wait their turn. */
export class Limiter {
  readonly #limits: { running: number; waiting: number };
  readonly #queue: (() => Promise<void>)[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(limits: { running: number; waiting: number }) {
    this.#limits = limits;
  }

  /** Takes a task that never rejects. False when there is no room: it will not run. */
  offer(task: () => Promise<void>): boolean {
    if (this.#running < this.#limits.running) {
      void this.#run(task);
      return true;
    }
    if (this.#queue.length >= this.#limits.waiting) return false;
    this.#queue.push(task);
    return true;
  }

  /** Forgets who waits, unless they are to run too; fulfilled when nothing runs, or after `timeoutMs`. */
  async drain(timeoutMs: number, { forget = true } = {}): Promise<void> {
    if (forget) this.#queue.length = 0;
    if (this.#running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#idle.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  async #run(task: () => Promise<void>): Promise<void> {
    this.#running += 1;
    await task();
    this.#running -= 1;
    const next = this.#queue.shift();
    if (next !== undefined) return this.#run(next);
    if (this.#running > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}

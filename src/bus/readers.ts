import type { Clock } from '../core/clock.ts';
import { OF_MUSTER } from '../core/contract.ts';
import { type Ddl, defineDdl, nothing } from '../core/ddl.ts';
import type { Encrypt } from '../core/seal.ts';

/** How long a node's key is used before it is asked for again, in ms: a node may have got another certificate. */
const KEPT_MS = 60_000;
const MAX_KEPT = 1000;

/**
 * The question whose answer brings a node's certificate. Every daemon serves it, and only the certificate on the reply
 * counts: a refusal does as well.
 */
export const KEY_QUESTION: Ddl = defineDdl({
  name: 'rpcutil',
  description: 'General helpful actions',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 10,
  actions: { ping: { description: 'Ping', display: 'always', input: nothing, output: nothing } },
});

/** The keys of nodes to encrypt to, from the verified certificates on their replies. Nothing is kept for longer than a minute. */
export class Readers {
  readonly #kept = new Map<string, { readonly encrypt: Encrypt; readonly untilMs: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The key of this node: the one that is known, else what `ask` learns. Throws what `ask` throws. */
  async of(identity: string, ask: () => Promise<Encrypt>): Promise<Encrypt> {
    const kept = this.#kept.get(identity);
    if (kept !== undefined && this.#clock.monotonicMs() < kept.untilMs) return kept.encrypt;
    const encrypt = await ask();
    this.#kept.delete(identity);
    this.#kept.set(identity, { encrypt, untilMs: this.#clock.monotonicMs() + KEPT_MS });
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
    return encrypt;
  }

  /** Forgets a node: it did not answer what was encrypted to it. */
  forget(identity: string): void {
    this.#kept.delete(identity);
  }
}

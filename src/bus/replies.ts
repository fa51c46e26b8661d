import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Reply } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import type { Encrypt, Opened, Opener, Sealer, Sender } from '../core/seal.ts';
import type { Bus, BusSubscription } from './bus.ts';
import type { SealedRequest } from './request.ts';

/** Takes a reply whose signature, request id and request hash hold; sender and key are those of the certificate. */
export type ReplyHandler = (sender: Sender, reply: Reply, encrypt: Encrypt) => void;

interface Pending {
  readonly request: SealedRequest;
  readonly agent: string;
  readonly action: string;
  readonly take: ReplyHandler;
  readonly answered: Set<string>;
}

/** Where one client session hears its replies: one subscription a collective, made when first needed. */
export class ReplyInbox {
  readonly #subscriptions = new Map<string, Promise<BusSubscription>>();
  readonly #pending = new Map<string, Pending>();
  readonly #own: { bus: Bus; opener: Opener; sealer: Sealer; log: Log; session: string };

  constructor(own: { bus: Bus; opener: Opener; sealer: Sealer; log: Log; session: string }) {
    this.#own = own;
  }

  /** Fulfilled once replies from this collective arrive. Throws BROKER_REFUSED. */
  async listen(collective: string): Promise<void> {
    const { bus, sealer, session } = this.#own;
    const destination = {
      exchange: brokerNames.replyExchange(collective),
      key: brokerNames.replyPattern(sealer.name, session),
    };
    const made =
      this.#subscriptions.get(collective) ??
      bus.subscribe(destination, (body) => this.#arrived(body), { ack: 'auto' });
    this.#subscriptions.set(collective, made);
    try {
      await made;
    } catch (thrown) {
      this.#subscriptions.delete(collective);
      throw thrown;
    }
  }

  /** Gives `take` every first reply of a node to this request, until the function that comes back is called. */
  expect(request: SealedRequest, agent: string, action: string, take: ReplyHandler): () => void {
    this.#pending.set(request.id, { request, agent, action, take, answered: new Set() });
    return () => void this.#pending.delete(request.id);
  }

  async close(): Promise<void> {
    const made = await Promise.allSettled(this.#subscriptions.values());
    this.#subscriptions.clear();
    this.#pending.clear();
    await Promise.all(made.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
  }

  #arrived(body: Buffer): void {
    try {
      const opened = this.#own.opener.open(this.#own.sealer.unwrap(body).signed);
      const problem = this.#accept(opened);
      if (problem !== null)
        this.#own.log.debug({ reason: problem, sender: opened.sender.name }, 'reply ignored');
    } catch (thrown) {
      this.#own.log.warn({ err: asMusterError(thrown).message }, 'reply refused');
    }
  }

  /** Why a reply does not count; null when it was taken. Its clock is not looked at: it is bound to a request that waits. */
  #accept({ payload, sender, encrypt }: Opened): string | null {
    if (sender.role !== 'node' && sender.role !== 'master') return 'ROLE';
    const parsed = Reply.safeParse(payload);
    if (!parsed.success) return 'FORMAT';
    const reply = parsed.data;
    const pending = this.#pending.get(reply.re);
    if (pending === undefined) return 'LATE';
    if (reply.re_sha256 !== pending.request.sha256) return 'BINDING';
    if (reply.agent !== pending.agent || reply.action !== pending.action) return 'BINDING';
    if (pending.answered.has(sender.name)) return 'ANSWERED';
    pending.answered.add(sender.name);
    pending.take(sender, reply, encrypt);
    return null;
  }
}

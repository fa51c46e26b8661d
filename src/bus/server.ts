import { REPLY_STATUS } from '../core/ddl.ts';
import { asMusterError } from '../core/errors.ts';
import type { Expression, FilterSubject } from '../core/filter/ast.ts';
import { MAX_MESSAGE_BYTES, type Reply } from '../core/messages.ts';
import { brokerNames } from '../core/names.ts';
import { secretFieldsOf } from '../core/secret-fields.ts';
import { dispatch, type Outcome } from './dispatch.ts';
import { type Admitted, admit } from './gate.ts';
import { Limiter } from './limiter.ts';
import { filterOf, isMeant, mayBeMeant } from './meant.ts';
import type { RpcServer, RpcServerOptions } from './server-types.ts';
import { count, newRpcStats, type RpcStats } from './stats.ts';

const CONCURRENCY = 50;
const WAITING = 1000;
const REPLY_TTL_S = 60;
const REPLY_DEADLINE_S = 30;
const DRAIN_MS = 5000;
const NO_MATCH: Outcome = {
  status: REPLY_STATUS.aborted,
  code: 'FILTER_NO_MATCH',
  message: 'the filter does not match this node',
  data: {},
};

interface Served {
  readonly stop: AbortController;
  readonly made: Promise<unknown>;
}

/**
 * Serves agents in collectives. Each request passes, in this order: size, decryption, signature, schema, audience, expiry, replay,
 * filter, policy, DDL, action, DDL. Refused before the policy: silence, a line in the log, and `refused` is told. From the policy on: a reply.
 */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  const server = new Server(options);
  void server.setCollectives(options.collectives).catch(() => undefined);
  return server;
}

class Server implements RpcServer {
  readonly #own: RpcServerOptions;
  readonly #served = new Map<string, Served>();
  readonly #limiter: Limiter;
  readonly #stats: RpcStats;
  readonly #stopped = new AbortController();

  constructor(options: RpcServerOptions) {
    this.#own = options;
    this.#stats = options.stats ?? newRpcStats();
    this.#limiter = new Limiter({ running: options.concurrency ?? CONCURRENCY, waiting: WAITING });
  }

  async ready(): Promise<void> {
    await Promise.all([...this.#served.values()].map((served) => served.made));
  }

  async setCollectives(collectives: readonly string[]): Promise<void> {
    for (const [collective, served] of this.#served) {
      if (collectives.includes(collective)) continue;
      served.stop.abort();
      this.#served.delete(collective);
    }
    for (const collective of collectives) {
      if (!this.#served.has(collective)) this.#served.set(collective, this.#serve(collective));
    }
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.setCollectives([]);
    await this.#limiter.drain(DRAIN_MS);
    this.#stopped.abort();
  }

  async retire(limitMs: number): Promise<void> {
    await this.setCollectives([]);
    await this.#limiter.drain(limitMs, { forget: false });
    this.#stopped.abort();
  }

  #serve(collective: string): Served {
    const stop = new AbortController();
    const exchange = brokerNames.requestExchange(collective);
    const listen = (key: string, aud: string) =>
      this.#own.bus.subscribe({ exchange, key }, (body) => this.#arrived(body, { collective, aud }), {
        ack: 'auto',
        keepTrying: true,
        signal: stop.signal,
      });
    const { identity } = this.#own;
    const made = Promise.all([
      listen(brokerNames.allKey, 'all'),
      listen(brokerNames.nodeKey(identity), `node:${identity}`),
    ]);
    made.catch(() => undefined);
    return { stop, made };
  }

  #arrived(body: Buffer, arrived: { collective: string; aud: string }): void {
    const { log, refused } = this.#own;
    const admission = admit(body, arrived, this.#own);
    count(this.#stats, admission);
    if (!admission.ok) {
      const { reason, detail, sender } = admission;
      log.warn({ reason: detail, ...arrived }, 'request refused');
      refused?.({ reason, sender, ...arrived });
      return;
    }
    const { admitted } = admission;
    const filter = filterOf(admitted, log);
    if (filter === null) {
      this.#refused('FILTER', admitted);
      return;
    }
    // What a data plug-in would say is asked later, when there is room for it.
    if (!(mayBeMeant(filter, this.#subject()) || this.#isNamed(admitted))) {
      this.#stats.filtered += 1;
      return;
    }
    if (this.#limiter.offer(() => this.#answer(admitted, filter))) return;
    log.warn({ request: admitted.request.id }, 'request dropped: too many wait');
    this.#refused('BUSY', admitted);
  }

  #refused(reason: string, { request, sender }: Admitted): void {
    const { collective, aud } = request;
    this.#own.refused?.({ reason, sender: sender.name, collective, aud });
  }

  /** It is asked by its name and has to say when the filter does not mean it. */
  #isNamed({ request: { answer, aud, filter } }: Admitted): boolean {
    return answer === 'named' && (aud !== 'all' || filter.identity.includes(this.#own.identity));
  }

  #subject(): FilterSubject {
    const { identity, facts, agents, classes = () => [] } = this.#own;
    return { identity, facts: facts(), classes: classes(), agents: agents() };
  }

  /** Never rejects. */
  async #answer(admitted: Admitted, filter: Expression): Promise<void> {
    const { log, classes = () => [] } = this.#own;
    const { request, sender } = admitted;
    if (this.#isLate(admitted)) return;
    try {
      await this.#own.replay.kept?.();
    } catch (thrown) {
      log.error(
        { request: request.id, err: asMusterError(thrown).message },
        'request refused: its id is not kept',
      );
      this.#refused('NOT_KEPT', admitted);
      return;
    }
    try {
      const by = { ...this.#own, classes, signal: this.#stopped.signal };
      const meant = await isMeant(filter, this.#subject(), admitted, by);
      this.#stats[meant ? 'passed' : 'filtered'] += 1;
      if (!meant) {
        if (this.#isNamed(admitted)) await this.#reply(admitted, NO_MATCH);
        return;
      }
      // Data plug-ins may have taken their time: the caller has gone, and may have asked for something else since.
      if (this.#isLate(admitted)) return;
      const outcome = await dispatch(admitted, by);
      const { status, code } = outcome;
      log.info(
        {
          request: request.id,
          caller: sender.name,
          agent: request.agent,
          action: request.action,
          status,
          code,
        },
        'request answered',
      );
      await this.#reply(admitted, outcome);
    } catch (thrown) {
      log.warn({ request: request.id, err: asMusterError(thrown).message }, 'reply not sent');
    }
  }

  #isLate(admitted: Admitted): boolean {
    const { clock, log } = this.#own;
    if (clock.nowMs() <= admitted.expiresAtMs) return false;
    log.warn({ request: admitted.request.id }, 'request expired while it waited');
    this.#refused('EXPIRED', admitted);
    return true;
  }

  async #reply(admitted: Admitted, outcome: Outcome): Promise<void> {
    const { bus, identity } = this.#own;
    const { request, sender } = admitted;
    if (request.answer === 'never') return;
    const sealed = this.#seal(admitted, outcome);
    const tooLarge = {
      status: 5,
      code: 'RPC_FAILED',
      message: `the reply has ${sealed.length} bytes, at most ${MAX_MESSAGE_BYTES} are sent: ask for less`,
      data: {},
    } as const;
    const body = sealed.length > MAX_MESSAGE_BYTES ? this.#seal(admitted, tooLarge) : sealed;
    const exchange = brokerNames.replyExchange(request.collective);
    const key = brokerNames.replyKey(sender.name, request.session, identity);
    await bus.publish({ exchange, key }, body, { ttlS: REPLY_TTL_S, deadlineS: REPLY_DEADLINE_S });
    this.#stats.replies += 1;
  }

  #seal(admitted: Admitted, outcome: Outcome): Buffer {
    const { request, sha256, encrypt } = admitted;
    const { agent, action, id } = request;
    const stamp = { v: 1, iat_ms: this.#own.clock.nowMs(), ttl_s: REPLY_TTL_S } as const;
    const reply: Reply = { ...stamp, typ: 'reply', re: id, re_sha256: sha256, agent, action, ...outcome };
    const sealed = this.#own.sealer.seal(reply);
    return this.#isPrivate(admitted) ? encrypt(sealed) : sealed;
  }

  /** What came encrypted is not answered in clear: a message of failure may repeat what was asked. */
  #isPrivate({ request, encrypted }: Admitted): boolean {
    if (encrypted || this.#own.encryptReplies === true) return true;
    const actions = this.#own.agents().get(request.agent)?.ddl.actions ?? {};
    const action = Object.hasOwn(actions, request.action) ? actions[request.action] : undefined;
    return action !== undefined && secretFieldsOf(action.output).length > 0;
  }
}

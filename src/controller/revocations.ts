import { trust } from '../../agent/agents/trust.ddl.ts';
import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { listDigest } from '../trust/revocation.ts';
import type { Rpc } from './deps.ts';
import type { RevokedStore } from './revoked-store.ts';

const LOOK_MS = 1000;
const TELL_S = 5;

/** What spreading revocations needs. `dropUser` deletes a broker user, which cuts its connections. */
export interface RevocationsDeps {
  readonly store: RevokedStore;
  readonly ca: Pick<CollectiveCa, 'book' | 'signList'>;
  readonly rpc: Rpc;
  readonly dropUser: (name: string) => Promise<void>;
  readonly collectives: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Sees to it that a revocation reaches everybody. */
export interface Revocations {
  /** A node or master registered: it is sent the list, unless `digest` says that it has it. */
  greet(identity: string, collectives: readonly string[], digest: string | undefined): void;
  close(): void;
}

/**
 * Looks every second for new decisions, in the book of this host and in Redis; deletes the broker users of who was revoked
 * (on the broker there is nothing left to talk to then), and tells all nodes and masters which callers to refuse. What
 * fails is tried again at the next look. Nodes that were away get the list when they register.
 */
export function startRevocations(deps: RevocationsDeps): Revocations {
  const { store, ca, rpc, clock, log } = deps;
  let told: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const current = () => {
    const revoked = ca.book.revocations().forNodes(clock.nowMs());
    return { revoked, digest: listDigest(revoked) };
  };
  const tellAll = async () => {
    const { revoked, digest } = current();
    // What stood there when this controller began reaches nodes as they register.
    const news = told !== null && told !== digest;
    told = digest;
    if (!news) return;
    const list = ca.signList(revoked);
    const ask = { filter: { agent: [trust.name] }, expected: [], timeoutS: TELL_S, graceMs: 0 };
    await Promise.all(
      deps.collectives.map((collective) => rpc.ask(collective, trust, 'revoke', { list }, ask)),
    );
    log.info({ names: revoked.length }, 'told all nodes whom to refuse');
  };
  const look = async () => {
    await store.sync();
    for (const name of await store.toDrop()) {
      await deps.dropUser(name);
      await store.dropped(name);
      log.warn({ name }, 'revoked: its broker user was deleted');
    }
    await tellAll();
  };
  const again = () => {
    if (!closed) timer = setTimeout(run, LOOK_MS);
  };
  const run = () => {
    look()
      .catch((thrown: unknown) =>
        log.warn({ err: asMusterError(thrown).message }, 'revocations not spread yet'),
      )
      .finally(again);
  };
  run();
  return {
    greet(identity, collectives, digest) {
      const now = current();
      const [collective] = collectives;
      if (collective === undefined || digest === now.digest) return;
      if (digest === undefined && now.revoked.length === 0) return;
      rpc
        .node(collective, identity, {})
        .call(trust, 'revoke', { list: ca.signList(now.revoked) }, { timeoutS: TELL_S })
        .catch((thrown: unknown) => {
          log.debug(
            { identity, err: asMusterError(thrown).message },
            'list of revoked callers not delivered',
          );
        });
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

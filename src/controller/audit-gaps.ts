import { trust } from '../../agent/agents/trust.ddl.ts';
import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { ChainHead } from '../trust/audit/chain.ts';
import type { AuditStore } from './audit.ts';
import type { Rpc } from './deps.ts';

/** Lines that a node says it has are on their way: they are waited for. */
const ON_THEIR_WAY_MS = 5000;
const SEND_S = 15;

/** What looking for missing audit lines needs. */
export interface AuditGapsDeps {
  readonly audit: Pick<AuditStore, 'compare' | 'lose'>;
  readonly rpc: Rpc;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests, in ms. */
  readonly waitMs?: number;
}

/** Sees to it that lines which were lost on the way are sent again. */
export interface AuditGaps {
  /** A node has registered and told the end of its audit. */
  registered(identity: string, collectives: readonly string[], head: ChainHead): void;
  close(): void;
}

/**
 * Compares what nodes say of their audit with what has come of it, and asks for what is missing: up to 2000 lines each
 * time that a node registers. Lines that the node has no more stay a hole that `muster audit` shows.
 */
export function createAuditGaps(deps: AuditGapsDeps): AuditGaps {
  const { audit, rpc, clock, log, waitMs = ON_THEIR_WAY_MS } = deps;
  const waiting = new Map<string, NodeJS.Timeout>();
  const look = async (identity: string, collective: string, head: ChainHead, atMs: number) => {
    const wanted = await audit.compare(identity, { ...head, atMs });
    if (wanted === null) return;
    log.warn({ identity, ...wanted }, 'audit lines are missing: asked for them');
    const { first } = await rpc
      .node(collective, identity, {})
      .call(trust, 'send_audit', wanted, { timeoutS: SEND_S });
    if (first !== null && first > wanted.from) await audit.lose(identity, first);
  };
  return {
    registered(identity, [collective], head) {
      if (collective === undefined) return;
      const atMs = clock.nowMs();
      clearTimeout(waiting.get(identity));
      const timer = setTimeout(() => {
        waiting.delete(identity);
        look(identity, collective, head, atMs).catch((thrown: unknown) => {
          log.warn({ identity, err: asMusterError(thrown).message }, 'missing audit lines are not here yet');
        });
      }, waitMs);
      waiting.set(identity, timer);
    },
    close() {
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}

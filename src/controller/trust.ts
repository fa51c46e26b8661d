import type { EventHandler } from '../bus/events.ts';
import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import type { Log } from '../core/log.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { createAuditGaps } from './audit-gaps.ts';
import type { Rpc } from './deps.ts';
import type { Engine } from './engine.ts';
import { onEvent } from './events.ts';
import { type ExpiryDeps, startExpiryWatch } from './expiry-watch.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Operations } from './operations.ts';
import { createRenew } from './renew.ts';
import { startRevocations } from './revocations.ts';
import type { RevokedStore } from './revoked-store.ts';
import { startTidy } from './tidy.ts';

/** The life of certificates after they were issued: renewed when a node asks, revoked when an operator says so. */
export interface TrustKeeper {
  /** Every event of a node passes here. */
  readonly onEvent: EventHandler;
  close(): void;
}

/** Starts to spread revocations, to renew certificates, to tidy up after those that ended, and to say which end soon. */
export function startTrust(deps: {
  readonly config: Pick<ControllerConfig, 'trust' | 'collectives'>;
  readonly ca: CollectiveCa;
  /** Name and certificate of this controller. */
  readonly own: ExpiryDeps['own'];
  readonly store: RevokedStore;
  readonly lifetimes: Lifetimes;
  readonly rpc: Rpc;
  readonly engine: Pick<Engine, 'registry' | 'runs' | 'joins' | 'audit'>;
  readonly operations: Operations;
  readonly dropUser: (name: string) => Promise<void>;
  /** Deletes the broker user of a node. */
  readonly removeUser: (identity: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): TrustKeeper {
  const { config, engine } = deps;
  const collectives = Object.values(config.collectives);
  const revocations = startRevocations({ ...deps, collectives });
  const tidying = startTidy(deps);
  const watch = startExpiryWatch(deps);
  const renew = createRenew({
    ...deps,
    days: config.trust.node_days,
    registry: engine.registry,
    collectives,
  });
  const gaps = createAuditGaps({ ...deps, audit: engine.audit });
  return {
    async onEvent(event, sender) {
      // Not waited for: the node answers in its own time, and asks again if this one is lost.
      if (event.kind === 'renew') return void renew(event.certificate, sender);
      await onEvent(event, sender, engine);
      if (event.kind !== 'registration') return;
      revocations.greet(sender.name, event.collectives, event.revocations);
      if (event.audit !== undefined) gaps.registered(sender.name, event.collectives, event.audit);
    },
    close() {
      revocations.close();
      tidying.close();
      watch.close();
      gaps.close();
    },
  };
}

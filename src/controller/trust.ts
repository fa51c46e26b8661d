import type { EventHandler } from '../bus/events.ts';
import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import type { Log } from '../core/log.ts';
import type { CollectiveCa } from '../trust/ca.ts';
import { createAuditGaps } from './audit-gaps.ts';
import type { Rpc } from './deps.ts';
import type { Engine } from './engine.ts';
import { onEvent } from './events.ts';
import type { Operations } from './operations.ts';
import type { RedisDoor } from './redis.ts';
import { createRenew } from './renew.ts';
import { startRevocations } from './revocations.ts';
import { createRevokedStore } from './revoked-store.ts';

/** The life of certificates after they were issued: renewed when a node asks, revoked when an operator says so. */
export interface TrustKeeper {
  /** Every event of a node passes here. */
  readonly onEvent: EventHandler;
  close(): void;
}

/** Starts to spread revocations and to renew certificates. */
export function startTrust(deps: {
  readonly config: Pick<ControllerConfig, 'trust' | 'collectives'>;
  readonly ca: CollectiveCa;
  readonly door: RedisDoor;
  readonly rpc: Rpc;
  readonly engine: Pick<Engine, 'registry' | 'runs' | 'joins' | 'audit'>;
  readonly operations: Operations;
  readonly dropUser: (name: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): TrustKeeper {
  const { config, engine } = deps;
  const collectives = Object.values(config.collectives);
  // What was noted in the book of this host alone: by a command without Redis, or while it was away.
  const store = createRevokedStore(deps.door, deps.ca.book, async ({ name, barred, reason }) => {
    const action = barred ? 'revoke' : 'reinstate';
    await deps.operations.note({
      agent: 'ca',
      action,
      subject: name,
      reason,
      data: { found: 'in the book' },
    });
  });
  const revocations = startRevocations({ ...deps, store, collectives });
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
      gaps.close();
    },
  };
}

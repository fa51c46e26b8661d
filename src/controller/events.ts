import type { NodeEvent } from '../core/messages.ts';
import type { Sender } from '../core/seal.ts';
import type { AuditStore } from './audit.ts';
import type { Joins } from './joins.ts';
import type { Registry } from './registry.ts';
import type { Runs } from './runs.ts';

/**
 * What follows on an event: a registration goes into the registry and wakes the run that waits for its node; the end of
 * a Puppet run wakes the run that waits for it; audit lines are kept. A lost event does no harm, the same one again neither. Throws what ioredis throws.
 */
export async function onEvent(
  event: Exclude<NodeEvent['event'], { kind: 'renew' }>,
  sender: Sender,
  deps: { registry: Registry; runs: Runs; joins: Joins; audit: Pick<AuditStore, 'keep'> },
): Promise<void> {
  if (event.kind === 'registration') {
    const { agents, facts, classes, collectives, version, every_s } = event;
    await deps.registry.heard({
      identity: sender.name,
      role: sender.role,
      agents,
      facts,
      classes,
      collectives,
      version,
      ...(every_s === undefined ? {} : { everyS: every_s }),
    });
    return deps.joins.registered(sender.name);
  }
  if (event.kind === 'audit') return deps.audit.keep(sender.name, event.lines);
  const id = runIdIn(event.run);
  if (id === null) return;
  // A node may speak of its own runs only.
  const job = await deps.runs.get(id);
  if (job?.data.identity === sender.name) await deps.runs.wake(id);
}

/** The run id that a Puppet run's name begins with: `<instance id>.<6 hex>`, or null. Pure. */
export function runIdIn(puppetRun: string): string | null {
  return /^[a-z0-9][a-z0-9-]*\.[0-9a-f]{6}(?=\.|$)/.exec(puppetRun)?.[0] ?? null;
}

import { type ApproveDeps, approve, reject } from '../../controller/approve.ts';
import { createQuarantine, type Decision, type Quarantined } from '../../controller/quarantine.ts';
import { createRevokedStore } from '../../controller/revoked-store.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { loadCa } from '../../trust/ca.ts';
import { deleteUser } from './ca-revoke.ts';
import { withStore } from './store.ts';

/**
 * Decides about a second key. Approving needs the CA's folder, because what the first holder has is revoked. Throws what
 * approving and rejecting throw, NOT_FOUND (no CA here), CONFIG_INVALID, REDIS_UNREACHABLE.
 */
export function decideSecondKey(
  config: ControllerConfig,
  id: string,
  decision: Decision,
): Promise<Quarantined> {
  return withStore(config, (door) => {
    const deps: ApproveDeps = {
      quarantine: createQuarantine(door),
      openBook: async () => (await loadCa(config.trust.dir)).book,
      openStore: (book) => createRevokedStore(door, book),
      dropUser: (name) => deleteUser(config, name),
      clock: systemClock,
    };
    return decision.verdict === 'approved' ? approve(id, decision, deps) : reject(id, decision, deps);
  });
}

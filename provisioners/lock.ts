import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { defineStep } from '../src/core/step.ts';

/**
 * Locks the node for this run, so that no other one provisions it meanwhile. The lock ends with `unlock` or `disable`.
 * Throws NODE_LOCKED when another run holds it. *Source:* mcollective-server-provisioner, step lock (which locked itself out).
 */
export default defineStep({
  name: 'lock',
  summary: 'Lock the node for this run',
  options: z.strictObject({}),
  timeoutS: 75,
  async run({ node, run }) {
    const { changed } = await node.call(provision, 'lock_deploy', { owner: run.id });
    return changed
      ? { outcome: 'done', detail: `locked by ${run.id}` }
      : { outcome: 'skipped', detail: 'this run holds the lock' };
  },
});

import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { defineStep } from '../src/core/step.ts';

/**
 * Releases the lock if this run holds it. *Source:* mcollective-server-provisioner, action unlock_deploy, which its runner never called.
 */
export default defineStep({
  name: 'unlock',
  summary: "Release this run's lock on the node",
  options: z.strictObject({}),
  timeoutS: 75,
  async run({ node, run }) {
    const { unlocked } = await node.call(provision, 'unlock_deploy', { owner: run.id });
    return unlocked
      ? { outcome: 'done', detail: 'lock released' }
      : { outcome: 'skipped', detail: 'this run holds no lock' };
  },
});

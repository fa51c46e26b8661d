import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { rpcutil } from '../agent/agents/rpcutil.ddl.ts';
import { asMusterError } from '../src/core/errors.ts';
import { defineStep, type RpcNode } from '../src/core/step.ts';

/** A node that has moved already does not answer where it was: it is not waited for long there. */
const LOOK_S = 10;

/**
 * Ends provisioning: the node is let into the production collective, told to live there and to serve provisioning no
 * more; the old collective is taken from it when the step is over. Throws NODE_UNREACHABLE. *Source:* mcollective-server-provisioner, step disable.
 */
export default defineStep({
  name: 'disable',
  summary: 'Move the node to the production collective and end provisioning',
  options: z.strictObject({}),
  timeoutS: 120,
  async run({ node, collectives, moveToCollective }) {
    const { production } = collectives;
    if (await isDisabled(node)) {
      // It may have been cut off before the login followed.
      await moveToCollective(production);
      return { outcome: 'skipped', detail: 'provisioning is over on this node' };
    }
    await moveToCollective(production);
    await node.call(provision, 'disable_provisioner', { collective: production });
    return { outcome: 'done', detail: `lives in ${production} now` };
  },
});

/** A node on which provisioning is over does not serve the agent that could say so. */
async function isDisabled(node: RpcNode): Promise<boolean> {
  try {
    return (await node.call(provision, 'is_disabled', {}, { timeoutS: LOOK_S })).disabled;
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code === 'RPC_UNKNOWN_ACTION') return true;
    if (error.code !== 'NODE_UNREACHABLE') throw error;
    const { agents } = await node.call(rpcutil, 'inventory', {}, { timeoutS: LOOK_S });
    return !agents.includes(provision.name);
  }
}

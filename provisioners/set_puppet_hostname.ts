import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { MusterError } from '../src/core/errors.ts';
import { defineStep } from '../src/core/step.ts';

const Options = z.strictObject({
  ipaddress_fact: z
    .string()
    .min(1)
    .default('ipaddress')
    .describe('Fact of the master that holds the address that nodes should use'),
  hostname: z.string().min(1).default('puppet').describe('Name that the node uses for its master'),
});

/**
 * Points the name `puppet` on the node at the chosen master, in a line of its own. Throws NO_MASTER when the master lacks
 * the fact. *Source:* mcollective-server-provisioner, step set_puppet_hostname and its ipaddress_fact.
 */
export default defineStep({
  name: 'set_puppet_hostname',
  summary: 'Write the chosen master into /etc/hosts on the node',
  options: Options,
  timeoutS: 75,
  async run({ node, master }, { ipaddress_fact, hostname }) {
    const ipaddress = master.facts[ipaddress_fact];
    if (ipaddress === undefined)
      throw new MusterError('NO_MASTER', `${master.identity} has no fact ${ipaddress_fact}`);
    const { changed } = await node.call(provision, 'set_puppet_host', { ipaddress, hostname });
    return { outcome: changed ? 'done' : 'skipped', detail: `${hostname} is ${ipaddress}` };
  },
});

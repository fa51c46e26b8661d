import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { MusterError } from '../src/core/errors.ts';
import { defineStep } from '../src/core/step.ts';

/**
 * Leaves a resident Puppet agent behind; doing it again leaves one. Throws PUPPET_FAILED with its output.
 * *Source:* mcollective-server-provisioner, step puppet_daemonize (which a misspelled key kept from ever running).
 */
export default defineStep({
  name: 'puppet_daemonize',
  summary: 'Leave a resident Puppet agent behind',
  options: z.strictObject({}),
  timeoutS: 75,
  async run({ node }) {
    const { exitcode, output } = await node.call(provision, 'daemonize_puppet', {});
    if (exitcode !== 0)
      throw new MusterError('PUPPET_FAILED', `the agent did not start: exit code ${exitcode}`, {
        details: output.split('\n'),
      });
    return { outcome: 'done', detail: output.split('\n')[0] ?? '' };
  },
});

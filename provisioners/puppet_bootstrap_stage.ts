import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { asMusterError } from '../src/core/errors.ts';
import { puppetRunName, puppetStepResult } from '../src/core/puppet-run.ts';
import { defineStep } from '../src/core/step.ts';

/** The node answers at once, for the run goes on without it: who does not has died, and the run must not wait for it long. */
const ANSWER_S = 15;

const Options = z.strictObject({
  environment: z.string().min(1).default('bootstrap').describe('Puppet environment'),
  timeout_s: z
    .number()
    .int()
    .min(10)
    .max(86_400)
    .default(1800)
    .describe('Seconds after which the node ends the run'),
});

/**
 * Runs Puppet once in the bootstrap environment, which prepares the machine for its real catalog.
 * The run is started, not held: asked again by its name, the node tells how it stands. Throws PUPPET_FAILED,
 * PUPPET_TIMEOUT with failed resources and last lines. *Source:* mcollective-server-provisioner, step puppet_bootstrap_stage.
 */
export default defineStep({
  name: 'puppet_bootstrap_stage',
  summary: 'Run Puppet in the bootstrap environment',
  options: Options,
  timeoutS: 75,
  needsMasterSlot: true,
  async run(context, { environment, timeout_s }) {
    const run = puppetRunName(context, 'bootstrap');
    try {
      return puppetStepResult(
        await context.node.call(
          provision,
          'bootstrap_puppet',
          { run, environment, timeout_s },
          { timeoutS: ANSWER_S },
        ),
      );
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (error.code !== 'NODE_LOCKED') throw error;
      return { outcome: 'wait', detail: error.message, retryInS: 10 };
    }
  },
});

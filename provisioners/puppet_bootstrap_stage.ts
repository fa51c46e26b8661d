import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { lookAtPuppetRun } from '../src/core/puppet-run.ts';
import { puppetRunTimeoutS } from '../src/core/puppet-run-schema.ts';
import { defineStep } from '../src/core/step.ts';

const Options = z.strictObject({
  environment: z.string().min(1).default('bootstrap').describe('Puppet environment'),
  timeout_s: puppetRunTimeoutS.default(1800).describe('Seconds after which the node ends the run'),
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
  run: (context, options) =>
    lookAtPuppetRun(context, 'bootstrap', (run, limit) =>
      context.node.call(provision, 'bootstrap_puppet', { run, ...options }, limit),
    ),
});

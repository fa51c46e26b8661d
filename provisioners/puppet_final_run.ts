import { z } from 'zod';
import { provision } from '../agent/agents/provision.ddl.ts';
import { lookAtPuppetRun } from '../src/core/puppet-run.ts';
import { puppetRunTimeoutS } from '../src/core/puppet-run-schema.ts';
import { defineStep } from '../src/core/step.ts';

const Options = z.strictObject({
  environment: z.string().min(1).default('production').describe('Puppet environment'),
  timeout_s: puppetRunTimeoutS.default(3600).describe('Seconds after which the node ends the run'),
});

/**
 * Runs Puppet once in the production environment: the machine becomes what it is for.
 * The run is started, not held: asked again by its name, the node tells how it stands. Throws PUPPET_FAILED,
 * PUPPET_TIMEOUT with failed resources and last lines. *Source:* mcollective-server-provisioner, step puppet_final_run.
 */
export default defineStep({
  name: 'puppet_final_run',
  summary: 'Run Puppet in its production environment',
  options: Options,
  timeoutS: 75,
  needsMasterSlot: true,
  run: (context, options) =>
    lookAtPuppetRun(context, 'final', (run, limit) =>
      context.node.call(provision, 'run_puppet', { run, ...options }, limit),
    ),
});

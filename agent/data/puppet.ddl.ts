import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { lastRun, sinceLastRun } from '../../src/core/puppet-run-schema.ts';

/** How Puppet stands. *Source:* mcollective-puppet-agent, data/puppet_data.ddl. */
export const puppet = defineDataDdl({
  name: 'puppet',
  description: 'Information about the state of the Puppet agent',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 3,
  query: null,
  output: z.strictObject({
    applying: z.boolean().describe('Is a catalog being applied?').meta({ display_as: 'Applying' }),
    enabled: z.boolean().describe('May Puppet run on this node?').meta({ display_as: 'Enabled' }),
    daemon_present: z
      .boolean()
      .describe('Does the resident agent run?')
      .meta({ display_as: 'Daemon Running' }),
    idling: z
      .boolean()
      .describe('Does the resident agent wait for its next run?')
      .meta({ display_as: 'Idling' }),
    lastrun: lastRun,
    since_lastrun: sinceLastRun,
    status: z.enum(['disabled', 'applying a catalog', 'idling', 'stopped']).meta({ display_as: 'Status' }),
    disable_message: z.string().describe('Why it is disabled').meta({ display_as: 'Lock Message' }),
  }),
});

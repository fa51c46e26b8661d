import { z } from 'zod';
import { defineDataDdl } from '../../src/core/data.ts';

/** How Puppet stands. *Source:* mcollective-puppet-agent, data/puppet_data.ddl. */
export const puppet = defineDataDdl({
  name: 'puppet',
  description: 'Information about the state of the Puppet agent',
  version: '1.0.0',
  author: 'Muster',
  license: 'Apache-2.0',
  url: 'https://example.org/muster',
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
    lastrun: z
      .number()
      .int()
      .describe('Seconds since the epoch; 0 for never')
      .meta({ display_as: 'Last Run' }),
    since_lastrun: z
      .number()
      .int()
      .describe('Seconds; since the epoch when Puppet never ran')
      .meta({ display_as: 'Since Last Run' }),
    status: z.enum(['disabled', 'applying a catalog', 'idling', 'stopped']).meta({ display_as: 'Status' }),
    disable_message: z.string().describe('Why it is disabled').meta({ display_as: 'Lock Message' }),
  }),
});

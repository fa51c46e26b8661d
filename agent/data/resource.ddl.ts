import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { lastRun, sinceLastRun } from '../../src/core/puppet-run-schema.ts';

const count = (display_as: string) => z.number().int().meta({ display_as });

/** Resources that Puppet manages, and the totals of its last run. *Source:* mcollective-puppet-agent, data/resource_data.ddl. */
export const resource = defineDataDdl({
  name: 'resource',
  description: 'Is a resource managed by Puppet, and how did the last run end?',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 3,
  query: z
    .string()
    .max(300)
    .regex(/^[a-zA-Z][\w:]*\[[^\p{C}]+\]$/u, 'a resource, e.g. Package[nginx]')
    .optional()
    .describe('Resource, e.g. Package[nginx]; without it only the totals tell something')
    .meta({ prompt: 'Resource Name' }),
  output: z.strictObject({
    managed: z.boolean().describe('Is the resource managed?').meta({ display_as: 'Managed' }),
    out_of_sync_resources: count('Out of Sync Resources'),
    failed_resources: count('Failed Resources'),
    corrected_resources: count('Corrected Resources'),
    changed_resources: count('Changed Resources'),
    total_resources: count('Total Resources'),
    total_time: z.number().describe('Seconds').meta({ display_as: 'Total Time' }),
    config_retrieval_time: z.number().describe('Seconds').meta({ display_as: 'Config Retrieval Time' }),
    lastrun: lastRun,
    since_lastrun: sinceLastRun,
    config_version: z.string().meta({ display_as: 'Config Version' }),
  }),
});

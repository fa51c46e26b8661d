import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { serviceName, serviceStatus } from '../../src/core/service-schema.ts';

/** How a service stands. *Source:* the service agent of MCollective's plug-ins, data/service_data.ddl. */
export const service = defineDataDdl({
  name: 'service',
  description: 'Checks the status of a service',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 10,
  query: serviceName.describe('Name of the service').meta({ prompt: 'Service Name' }),
  output: z.strictObject({
    status: serviceStatus
      .describe('unknown for what is not there, too')
      .meta({ display_as: 'Service Status' }),
    running: z.boolean().meta({ display_as: 'Running' }),
    enabled: z.boolean().describe('Does it start with the machine?').meta({ display_as: 'Enabled' }),
    present: z.boolean().describe('Is there such a service?').meta({ display_as: 'Present' }),
  }),
});

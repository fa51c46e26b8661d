import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';
import { ServiceSettings, serviceName, serviceStatus } from '../../src/core/service-schema.ts';

const input = z.strictObject({
  service: serviceName.describe('Name of the service').meta({ prompt: 'Service Name' }),
});
const aggregate = [{ function: 'summary', output: 'status' }] as const;
const status = serviceStatus.describe('How it stands now').meta({ display_as: 'Service Status' });
const enabled = z
  .boolean()
  .nullable()
  .describe('Does it start with the machine? null where that cannot be told')
  .meta({ display_as: 'Enabled' });
const changing = {
  display: 'failed',
  input,
  output: z.strictObject({ status, enabled }),
  aggregate,
} as const;

/**
 * Services of the system: systemd's where it runs, else the init scripts. *Source:* the service agent of MCollective's
 * plug-ins, agent/service.ddl.
 */
export const service = defineDdl({
  name: 'service',
  description: 'Starts, stops, enables and disables services, and tells how they stand',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 120,
  settings: ServiceSettings,
  actions: {
    status: {
      description: 'Get the status of a service',
      display: 'always',
      input,
      output: z.strictObject({ status, enabled }),
      aggregate,
    },
    start: { description: 'Start a service', ...changing },
    stop: { description: 'Stop a service', ...changing },
    restart: { description: 'Restart a service', ...changing },
    enable: { description: 'Let a service start with the machine', ...changing },
    disable: { description: 'Do not let a service start with the machine', ...changing },
  },
});

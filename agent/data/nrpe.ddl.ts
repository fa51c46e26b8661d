import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { checkName } from '../agents/nrpe.ddl.ts';

/** `nrpe('check_load').exitcode=0`. *Source:* MCollective's nrpe data plug-in. */
export const nrpe = defineDataDdl({
  name: 'nrpe',
  description: 'Exit code of a Nagios check of the node; its settings are those of the agent nrpe',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 20,
  query: checkName,
  output: z.strictObject({
    exitcode: z
      .number()
      .int()
      .describe('0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN')
      .meta({ display_as: 'Exit Code' }),
    state: z.string().describe('The same as a word').meta({ display_as: 'State' }),
  }),
});

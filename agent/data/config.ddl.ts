import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';

/** `config('registration_s').value=300`. */
export const config = defineDataDdl({
  name: 'config',
  description: "A setting of the node's daemon; secret ones are never told",
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 5,
  query: z
    .string()
    .max(200)
    .regex(/^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$/, 'dotted, such as broker.port')
    .describe('Dotted name of the setting, such as broker.port or nrpe.conf_dir')
    .meta({ prompt: 'Setting' }),
  output: z.strictObject({
    present: z.boolean().describe('Is it set, or has it a default?').meta({ display_as: 'Present' }),
    value: z
      .string()
      .describe('Its value as text; lists and maps as JSON; empty when it is not set')
      .meta({ display_as: 'Value' }),
  }),
});

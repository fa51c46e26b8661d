import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';

/** A fact, as data: what `fact('name')` in filters gives, for `rpcutil#get_data`. *Source:* MCollective's fact data plug-in. */
export const fact = defineDataDdl({
  name: 'fact',
  description: 'Value of a single fact',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 1,
  query: z.string().min(1).max(200).describe('Name or path of the fact').meta({ prompt: 'Fact' }),
  output: z.strictObject({
    exist: z.boolean().describe('Does the node have the fact?').meta({ display_as: 'Exists' }),
    value: z.string().optional().describe('Its value').meta({ display_as: 'Value' }),
    value_encoding: z
      .enum(['text', 'json'])
      .optional()
      .describe('json: the value is a list, or a map of the facts below that path')
      .meta({ display_as: 'Encoding' }),
  }),
});

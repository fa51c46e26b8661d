import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { word } from '../../src/core/names.ts';

/** `agent('puppet').version=2.0.0`. *Source:* MCollective's agent data plug-in. */
export const agent = defineDataDdl({
  name: 'agent',
  description: 'An agent that the node serves',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 1,
  query: word.describe('Name of the agent').meta({ prompt: 'Agent' }),
  output: z.strictObject({
    served: z.boolean().describe('Does the node serve it now?').meta({ display_as: 'Served' }),
    version: z.string().optional().meta({ display_as: 'Version' }),
    description: z.string().optional().meta({ display_as: 'Description' }),
    author: z.string().optional().meta({ display_as: 'Author' }),
    license: z.string().optional().meta({ display_as: 'License' }),
    url: z.string().optional().meta({ display_as: 'URL' }),
    timeout: z
      .number()
      .optional()
      .describe('Seconds that an action may take')
      .meta({ display_as: 'Timeout' }),
  }),
});

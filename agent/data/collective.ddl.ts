import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { word } from '../../src/core/names.ts';

/** `collective('eu').member=true`. *Source:* MCollective's collective data plug-in. */
export const collective = defineDataDdl({
  name: 'collective',
  description: 'Membership of a collective',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 1,
  query: word.describe('Name of the collective').meta({ prompt: 'Collective' }),
  output: z.strictObject({
    member: z.boolean().describe('Does the node live in it?').meta({ display_as: 'Member' }),
  }),
});

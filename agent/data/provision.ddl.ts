import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';

/** `provision().locked=false and provision().disabled=false`. *Source:* the provision data plug-in of mcollective-server-provisioner. */
export const provision = defineDataDdl({
  name: 'provision',
  description: 'How far the node is provisioned',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 1,
  query: null,
  output: z.strictObject({
    locked: z.boolean().describe('Does a run hold the lock of the node?').meta({ display_as: 'Locked' }),
    disabled: z.boolean().describe('Has the node been provisioned?').meta({ display_as: 'Disabled' }),
    run: z.string().optional().describe('Run that provisioned it, or does').meta({ display_as: 'Run' }),
  }),
});

import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';
import { MAX_MESSAGE_BYTES } from '../../src/core/messages.ts';

/** How certificates of the collective CA are renewed and revoked. What it is given proves itself: it is signed by that CA. */
export const trust = defineDdl({
  name: 'trust',
  description: 'Certificates of the bus: takes a new one, hears of revoked ones; sends audit lines again',
  version: '1.1.0',
  ...OF_MUSTER,
  timeoutS: 20,
  actions: {
    install_certificate: {
      description: 'Goes on with a new certificate for the same name and key',
      display: 'failed',
      input: z.strictObject({
        certificate: z
          .string()
          .max(8192)
          .regex(/-----BEGIN CERTIFICATE-----/, 'a certificate in PEM')
          .describe('PEM')
          .meta({ prompt: 'Certificate' }),
      }),
      output: z.strictObject({
        not_after_ms: z.number().int().describe('Until when it is valid').meta({ display_as: 'Valid until' }),
      }),
    },
    revoke: {
      description: 'Refuses callers whose certificates were revoked',
      display: 'failed',
      input: z.strictObject({
        list: z
          .string()
          .max(MAX_MESSAGE_BYTES)
          .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'a signed list')
          .describe('List of names, signed by the CA')
          .meta({ prompt: 'List' }),
      }),
      output: z.strictObject({
        revoked: z.number().int().describe('Names that are refused now').meta({ display_as: 'Revoked' }),
      }),
    },
    send_audit: {
      description: 'Sends lines of the audit again that never reached the controllers',
      display: 'failed',
      input: z.strictObject({
        from: z.number().int().min(1).describe('Number of the first line').meta({ prompt: 'From' }),
        to: z
          .number()
          .int()
          .min(1)
          .describe('Number of the last line; at most 2000 are sent')
          .meta({ prompt: 'To' }),
      }),
      output: z.strictObject({
        sent: z.number().int().describe('Lines that were sent').meta({ display_as: 'Sent' }),
        first: z
          .number()
          .int()
          .nullable()
          .describe('Number of the oldest line that the node has; null when there is none')
          .meta({ display_as: 'Oldest' }),
      }),
    },
  },
});

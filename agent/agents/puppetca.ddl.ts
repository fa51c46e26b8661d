import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { identityName } from '../../src/core/names.ts';

const certname = identityName.describe('Name in the certificate').meta({ prompt: 'Certificate name' });
const spki = z
  .string()
  .max(64)
  .regex(/^[0-9a-f]{64}$/);

/**
 * The CA of a Puppet master, through Puppet Server's HTTP API. *Source:* the puppetca agent of 2010; Puppet CA HTTP API v1.
 */
export const puppetca = defineDdl({
  name: 'puppetca',
  description: 'Manage the certificates of a Puppet master',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 30,
  actions: {
    status: {
      description: 'How the Puppet Server is, and what its CA knows of a name',
      display: 'always',
      input: z.strictObject({ certname: certname.optional() }),
      output: z.strictObject({
        server: z.enum(['running', 'starting', 'unreachable']).meta({ display_as: 'Puppet Server' }),
        ca_pem: z.string().describe('Certificate of the CA; empty while it is unknown'),
        state: z
          .enum(['none', 'requested', 'signed', 'revoked'])
          .nullable()
          .describe('null when no name was asked')
          .meta({ display_as: 'State' }),
        spki_sha256: spki
          .nullable()
          .describe('SHA-256 of the public key in the request or certificate')
          .meta({ display_as: 'Public Key' }),
        fingerprint: z.string().nullable().meta({ display_as: 'Fingerprint' }),
      }),
    },
    list: {
      description: 'Lists certificate requests and signed certificates',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        requests: z.array(z.string()).meta({ display_as: 'Waiting CSRs' }),
        signed: z.array(z.string()).meta({ display_as: 'Signed' }),
      }),
    },
    sign: {
      description:
        'Sign a request, if and only if it holds the given public key; the issued certificate is compared again',
      display: 'failed',
      input: z.strictObject({
        certname,
        spki_sha256: spki.describe('SHA-256, hex, of the public key (SPKI DER) that may be signed'),
      }),
      output: z.strictObject({
        changed: z
          .boolean()
          .describe('False when it was signed already, with this key')
          .meta({ display_as: 'Changed' }),
        fingerprint: z.string().meta({ display_as: 'Fingerprint' }),
      }),
    },
    clean: {
      description: 'Revoke and delete the certificate and drop a waiting request of a name',
      display: 'failed',
      input: z.strictObject({ certname }),
      output: z.strictObject({
        revoked: z
          .boolean()
          .describe('A signed certificate was revoked and deleted')
          .meta({ display_as: 'Revoked' }),
        dropped: z
          .boolean()
          .describe('A waiting request was dropped')
          .meta({ display_as: 'Request dropped' }),
      }),
    },
  },
});

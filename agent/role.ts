import { z } from 'zod';
import { asMusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import type { StsProof } from '../src/core/messages.ts';
import { type BoundHello, signCallerIdentity } from '../src/trust/ec2/sigv4.ts';
import type { Imds } from './imds.ts';

/** Proves the role of this instance for one hello, said at `nowMs`; null where it has none, or its credentials cannot be had now. */
export type ProveRole = (hello: BoundHello, nowMs: number) => Promise<StsProof | null>;

const ROLES = 'meta-data/iam/security-credentials/';

const Credentials = z.object({
  Code: z.literal('Success'),
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
});

/**
 * Reads the role's credentials from the metadata service for each proof, since they change every few hours; they are
 * neither kept nor told. Never throws: without a proof the controller says what it thinks of that.
 * *Source:* EC2 user guide, "Retrieve security credentials from instance metadata".
 */
export function createProveRole(imds: Imds, region: string, log: Log): ProveRole {
  return async (hello, nowMs) => {
    try {
      const role = (await imds.get(ROLES))?.trim().split('\n')[0];
      if (role === undefined || !/^[\w+=,.@-]+$/.test(role)) return null;
      const text = await imds.get(`${ROLES}${role}`);
      const { AccessKeyId, SecretAccessKey, Token } = Credentials.parse(JSON.parse(text ?? 'null'));
      const credentials = {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: Token,
      };
      return signCallerIdentity(region, hello, credentials, nowMs);
    } catch (cause) {
      // What zod or JSON say of it could hold a part of the credentials.
      const { code } = asMusterError(cause);
      log.warn({ code }, 'no proof of the role: its credentials could not be read');
      return null;
    }
  };
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { defineAttestor } from '../../core/attestor.ts';
import type { Hello } from '../../core/messages.ts';

const Options = z
  .strictObject({
    token: z.string().min(16).max(512).optional().describe('Join token of the group'),
    token_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hex digits in lower case')
      .optional()
      .describe('SHA-256, hex, of the join token, so that the config does not hold it'),
  })
  .refine((options) => (options.token === undefined) !== (options.token_sha256 === undefined), {
    message: 'give token or token_sha256',
  });

/** The parts of EC2's instance identity document that are used; it has more. */
const Document = z.object({
  instanceId: z.string(),
  pendingTime: z.iso.datetime(),
  region: z.string().max(64).optional(),
});

/**
 * Believes who holds the join token of the group. For data centres and labs: on EC2 anybody who reads the user data
 * holds the token too, so there it is a filter and no proof. Nothing of an identity document is verified here.
 */
export default defineAttestor<z.output<typeof Options>>({
  name: 'token',
  summary: 'Believes whoever holds the join token of the group',
  options: Options,
  attest: async (hello, options) => {
    if (!holdsToken(hello.token, options))
      return { ok: false, reason: 'TOKEN_WRONG', detail: 'the join token is wrong' };
    const document = documentOf(hello);
    if (document !== null && document.instanceId !== hello.instance_id)
      return {
        ok: false,
        reason: 'DOCUMENT_MISMATCH',
        detail: `the identity document is of ${document.instanceId}`,
      };
    return {
      ok: true,
      attestation: {
        instanceId: hello.instance_id,
        claim: document?.pendingTime ?? 'token',
        region: document?.region ?? hello.facts.ec2_placement_region ?? null,
        facts: hello.facts,
        evidence: 'join token',
      },
    };
  },
});

function holdsToken(token: string, options: z.output<typeof Options>): boolean {
  const sha256 = (text: string) => createHash('sha256').update(text).digest();
  const expected =
    options.token === undefined ? Buffer.from(options.token_sha256 ?? '', 'hex') : sha256(options.token);
  return expected.length === 32 && timingSafeEqual(sha256(token), expected);
}

function documentOf(hello: Hello): z.output<typeof Document> | null {
  try {
    return Document.safeParse(JSON.parse(hello.identity_document ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}

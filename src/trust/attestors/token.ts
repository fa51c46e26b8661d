import { z } from 'zod';
import { defineAttestor } from '../../core/attestor.ts';
import type { Hello } from '../../core/messages.ts';
import { isJoinToken, joinTokenOptions } from '../join-token.ts';

const Options = z
  .strictObject(joinTokenOptions)
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
    if (!isJoinToken(hello.token, options))
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

function documentOf(hello: Hello): z.output<typeof Document> | null {
  try {
    return Document.safeParse(JSON.parse(hello.identity_document ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}

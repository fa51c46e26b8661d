import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineAttestor } from '../../core/attestor.ts';
import { MusterError } from '../../core/errors.ts';

/**
 * Believes who holds a token that was issued for this very name, once: the keys of the first who shows it are bound to
 * it, and nobody else's come in by it. For data centres, where no cloud vouches for a machine.
 */
export default defineAttestor<Record<string, never>>({
  name: 'one_time_token',
  summary: 'Believes who holds a token issued for its name, and only the first',
  options: z.strictObject({}),
  attest: async (hello, _options, context) => {
    const { instance_id: name, token } = hello;
    const claim = `token ${createHash('sha256').update(token).digest('hex')}`;
    const repeats = (await context.holds?.(name, claim)) === true;
    if (context.spendToken === undefined)
      throw new MusterError('CONFIG_INVALID', 'one-time tokens are kept by a controller, and there is none');
    if (!repeats && !(await context.spendToken(name, token)))
      return {
        ok: false,
        reason: 'TOKEN_SPENT',
        detail: `no token of ${name} that is still good for this key`,
      };
    return {
      ok: true,
      attestation: {
        instanceId: name,
        claim,
        region: hello.facts.ec2_placement_region ?? null,
        facts: hello.facts,
        evidence: 'one-time token',
      },
    };
  },
});

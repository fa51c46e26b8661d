import { type Attestation, type AttestContext, defineAttestor } from '../../core/attestor.ts';
import { MusterError } from '../../core/errors.ts';
import type { Hello } from '../../core/messages.ts';
import { type IdentityDocument, openDocument } from '../ec2/document.ts';
import { type Refused, refused } from '../ec2/refused.ts';
import { checkDocument, checkInstance, checkWindow, Ec2Rules } from '../ec2/rules.ts';
import { checkRole } from '../ec2/sts.ts';
import { isJoinToken } from '../join-token.ts';

/**
 * Proves which EC2 instance says hello. Cheap checks first, each with its reason code: join token (a filter), signature
 * of the identity document by the region's pinned key, the lists of the group, the time since power-on, the role's
 * credentials by STS, and what EC2 itself says. *Source:* the designs and faults of Vault, SPIRE, Teleport and kops.
 */
export default defineAttestor<Ec2Rules>({
  name: 'ec2',
  summary: 'Verifies the identity document of an EC2 instance, its role and what EC2 says of it',
  options: Ec2Rules,
  attest: async (hello, rules, context) => {
    const filtered = rules.token !== undefined || rules.token_sha256 !== undefined;
    if (filtered && !isJoinToken(hello.token, rules))
      return refused('TOKEN_WRONG', 'the join token is wrong');
    const opened = await openDocument(hello, rules.certificates_dir);
    if (!opened.ok) return opened;
    const { document } = opened;
    const wrong =
      checkDocument(document, hello, rules) ?? (await checkOutside(hello, document, rules, context));
    return wrong ?? { ok: true, attestation: attestationOf(hello, document, rules) };
  },
});

/** What costs a question to somebody else. */
async function checkOutside(
  hello: Hello,
  document: IdentityDocument,
  rules: Ec2Rules,
  context: AttestContext,
): Promise<Refused | null> {
  const { instanceId, region } = document;
  const repeats = async () => (await context.holds?.(instanceId, claimOf(document))) === true;
  const late = await checkWindow(document, rules, context.nowMs, repeats);
  if (late !== null) return late;
  const stranger = rules.roles.length === 0 ? null : await checkRole(hello, document, rules, context);
  if (stranger !== null || !rules.describe) return stranger;
  if (context.describe === undefined)
    throw new MusterError('CONFIG_INVALID', 'describe is true where there is no EC2 to ask');
  return checkInstance(await context.describe(region, instanceId, context.signal), document, rules);
}

function attestationOf(hello: Hello, document: IdentityDocument, rules: Ec2Rules): Attestation {
  const evidence = [
    'identity document',
    ...(rules.roles.length > 0 ? ['role by STS'] : []),
    ...(rules.describe ? ['DescribeInstances'] : []),
  ];
  return {
    instanceId: document.instanceId,
    claim: claimOf(document),
    region: document.region,
    // What the node says of itself stays below what was verified.
    facts: {
      ...hello.facts,
      ec2_instance_id: document.instanceId,
      ec2_instance_type: document.instanceType,
      ec2_ami_id: document.imageId,
      ec2_placement_availability_zone: document.availabilityZone,
      ec2_placement_region: document.region,
    },
    evidence: evidence.join(', '),
  };
}

/** Names one power-on: another start has another pendingTime, a reboot has not. */
function claimOf({ accountId, pendingTime }: IdentityDocument): string {
  return `${accountId} ${pendingTime}`;
}

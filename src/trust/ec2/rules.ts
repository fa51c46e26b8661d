import { z } from 'zod';
import type { DescribedInstance } from '../../core/attestor.ts';
import type { Hello } from '../../core/messages.ts';
import { joinTokenOptions } from '../join-token.ts';
import type { IdentityDocument } from './document.ts';
import { type Refused, refused } from './refused.ts';

const list = (item: z.ZodType<string>, describe: string) => z.array(item).default([]).describe(describe);

/** Options of the attestor `ec2`: the rules of one group. */
export const Ec2Rules = z
  .strictObject({
    ...joinTokenOptions,
    certificates_dir: z
      .string()
      .min(1)
      .default('/etc/muster/ec2-certificates')
      .describe("Folder of AWS's public certificates (RSA-2048), one `<region>.pem` a region"),
    accounts: z
      .array(z.string().regex(/^\d{12}$/, '12 digits'))
      .min(1)
      .describe('Accounts whose instances may join'),
    regions: z.array(z.string()).min(1).describe('Regions whose instances may join'),
    images: list(z.string(), 'Images that they may be launched from; empty: any'),
    window_s: z
      .number()
      .min(10)
      .max(31_536_000)
      .default(1800)
      .describe('How long after power-on an instance may say its first hello, in seconds'),
    roles: list(
      z.string().regex(/^[\w+=,.@-]{1,64}$/),
      'Names of IAM roles that they may have; with one or more, a proof of the role is demanded',
    ),
    sts_endpoint: z.url().optional().describe('Another STS endpoint for all regions, such as the lab'),
    describe: z
      .boolean()
      .default(true)
      .describe('Ask EC2 for the instance and compare; the rules below need it'),
    vpcs: list(z.string(), 'VPCs that they may be in; empty: any'),
    subnets: list(z.string(), 'Subnets that they may be in; empty: any'),
    autoscaling_group: z.string().optional().describe('Autoscaling group that launched them'),
    imdsv2: z
      .boolean()
      .default(true)
      .describe('Refuse instances whose metadata service speaks version 1 too'),
  })
  .refine((options) => options.token === undefined || options.token_sha256 === undefined, {
    message: 'give token or token_sha256, or none',
  })
  .refine(
    ({ describe, vpcs, subnets, autoscaling_group: group }) =>
      describe || (vpcs.length === 0 && subnets.length === 0 && group === undefined),
    { message: 'vpcs, subnets and autoscaling_group need describe' },
  );
export type Ec2Rules = z.output<typeof Ec2Rules>;

const FUTURE_MS = 60_000;
/** LaunchTime and pendingTime are of the same power-on, not of the same second. */
const SAME_START_MS = 5 * 60_000;
/** A disk that was made with the instance is attached with its first network card. *Source:* SPIRE, aws_iid. */
const SAME_ATTACH_MS = 60_000;

/**
 * The document against the hello and the lists of the group. Pure. Refusals: INSTANCE_MISMATCH, ACCOUNT_DENIED,
 * REGION_DENIED, IMAGE_DENIED.
 */
export function checkDocument(document: IdentityDocument, hello: Hello, rules: Ec2Rules): Refused | null {
  const { instanceId, accountId, region, imageId } = document;
  if (hello.instance_id !== instanceId)
    return refused('INSTANCE_MISMATCH', `the identity document is of ${instanceId}`);
  if (!rules.accounts.includes(accountId)) return refused('ACCOUNT_DENIED', `account ${accountId}`);
  if (!rules.regions.includes(region)) return refused('REGION_DENIED', `region ${region}`);
  if (rules.images.length > 0 && !rules.images.includes(imageId))
    return refused('IMAGE_DENIED', `image ${imageId}`);
  return null;
}

/**
 * When it was powered on. A node that only repeats itself may be older. Refusals: PENDING_TIME_FUTURE, PENDING_TIME_OLD.
 * Throws what `repeats` throws.
 */
export async function checkWindow(
  document: IdentityDocument,
  rules: Ec2Rules,
  nowMs: number,
  repeats: () => Promise<boolean>,
): Promise<Refused | null> {
  const ageMs = nowMs - Date.parse(document.pendingTime);
  if (ageMs < -FUTURE_MS) return refused('PENDING_TIME_FUTURE', 'powered on in the future: compare clocks');
  if (ageMs <= rules.window_s * 1000 || (await repeats())) return null;
  return refused('PENDING_TIME_OLD', `powered on ${Math.round(ageMs / 1000)} s ago`);
}

/**
 * What EC2 itself says, against the document and the rules. Pure. Refusals: INSTANCE_UNKNOWN, ACCOUNT_MISMATCH,
 * INSTANCE_STATE, IMAGE_MISMATCH, ADDRESS_MISMATCH, LAUNCH_MISMATCH, DISK_MOVED, VPC_DENIED, SUBNET_DENIED,
 * AUTOSCALING_GROUP, IMDS_V1.
 */
export function checkInstance(
  found: DescribedInstance | null,
  document: IdentityDocument,
  rules: Ec2Rules,
): Refused | null {
  if (found === null) return refused('INSTANCE_UNKNOWN', `EC2 does not know ${document.instanceId}`);
  return checkSame(found, document) ?? checkPlace(found, rules);
}

function checkSame(found: DescribedInstance, document: IdentityDocument): Refused | null {
  const { accountId, state, imageId, privateIp } = found;
  if (accountId !== document.accountId) return refused('ACCOUNT_MISMATCH', `EC2 says account ${accountId}`);
  if (state !== 'pending' && state !== 'running') return refused('INSTANCE_STATE', `it is ${state}`);
  if (imageId !== document.imageId) return refused('IMAGE_MISMATCH', `EC2 says image ${imageId}`);
  if (document.privateIp && privateIp !== undefined && privateIp !== document.privateIp)
    return refused('ADDRESS_MISMATCH', `EC2 says address ${privateIp}`);
  if (apart(found.launchedAtMs, Date.parse(document.pendingTime)) > SAME_START_MS)
    return refused('LAUNCH_MISMATCH', 'EC2 knows another power-on');
  if (apart(found.rootAttachedAtMs, found.cardAttachedAtMs) > SAME_ATTACH_MS)
    return refused('DISK_MOVED', 'its root disk came later than its network card');
  return null;
}

function checkPlace(
  { vpcId, subnetId, tags, httpTokens }: DescribedInstance,
  rules: Ec2Rules,
): Refused | null {
  if (rules.vpcs.length > 0 && !rules.vpcs.includes(vpcId ?? ''))
    return refused('VPC_DENIED', `VPC ${vpcId}`);
  if (rules.subnets.length > 0 && !rules.subnets.includes(subnetId ?? ''))
    return refused('SUBNET_DENIED', `subnet ${subnetId}`);
  const group = tags['aws:autoscaling:groupName'];
  if (rules.autoscaling_group !== undefined && group !== rules.autoscaling_group)
    return refused('AUTOSCALING_GROUP', `of the autoscaling group ${group ?? 'none'}`);
  if (rules.imdsv2 && httpTokens !== 'required')
    return refused('IMDS_V1', 'its metadata service speaks version 1 too');
  return null;
}

/** Milliseconds between two times; 0 when one is not known. */
function apart(a: number | undefined, b: number | undefined): number {
  return a === undefined || b === undefined ? 0 : Math.abs(a - b);
}

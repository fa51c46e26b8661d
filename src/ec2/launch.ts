import { randomUUID } from 'node:crypto';
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { Ec2 } from './client.ts';
import { type Ec2Instance, fromSdk } from './instance.ts';

/** What to launch. */
export interface LaunchRequest {
  readonly region: string;
  /** All or none. */
  readonly count: number;
  readonly imageId: string;
  readonly instanceType: string;
  /** As cloud-init shall see it, not base64; EC2 takes 16 KB. */
  readonly userData?: string | Uint8Array | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The same token launches once, however often it is asked; default a new one. 64 characters at most. */
  readonly clientToken?: string | undefined;
  readonly zone?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly privateIp?: string | undefined;
  /** Name of an instance profile. */
  readonly profile?: string | undefined;
  /** May the instance read its tags from its metadata service? Default yes. */
  readonly metadataTags?: boolean | undefined;
}

/**
 * Launches instances that speak IMDSv2 only and answers with them as they are then, mostly `pending`.
 * Throws as {@link Ec2.call}.
 */
export function launchInstances(ec2: Ec2, request: LaunchRequest): Promise<Ec2Instance[]> {
  const { region } = request;
  return ec2.call(region, 'launch instances', async (client, sdk) => {
    const answer = await client.send(new sdk.RunInstancesCommand(launchInput(request)));
    const { OwnerId = '', Instances = [] } = answer;
    return Instances.flatMap((each) => fromSdk(region, OwnerId, each) ?? []);
  });
}

function launchInput(request: LaunchRequest): RunInstancesCommandInput {
  const { count, userData, tags = {}, clientToken = randomUUID(), metadataTags = true } = request;
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    MinCount: count,
    MaxCount: count,
    ImageId: request.imageId,
    InstanceType: request.instanceType as NonNullable<RunInstancesCommandInput['InstanceType']>,
    ClientToken: clientToken,
    UserData: userData === undefined ? undefined : Buffer.from(userData).toString('base64'),
    TagSpecifications: Tags.length === 0 ? undefined : [{ ResourceType: 'instance', Tags }],
    Placement: request.zone === undefined ? undefined : { AvailabilityZone: request.zone },
    SubnetId: request.subnetId,
    PrivateIpAddress: request.privateIp,
    IamInstanceProfile: request.profile === undefined ? undefined : { Name: request.profile },
    MetadataOptions: { HttpTokens: 'required', InstanceMetadataTags: metadataTags ? 'enabled' : 'disabled' },
  };
}

import type { Instance } from '@aws-sdk/client-ec2';

/** States of an instance. *Source:* EC2 API reference, InstanceState. */
type Ec2State = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** What EC2 says of an instance, as far as Muster asks. Times in milliseconds since the epoch. */
export interface Ec2Instance {
  readonly id: string;
  readonly region: string;
  readonly accountId: string;
  readonly state: Ec2State;
  readonly stateReason: string | undefined;
  readonly imageId: string;
  readonly instanceType: string;
  readonly zone: string | undefined;
  /** Undefined once it is terminated. */
  readonly privateIp: string | undefined;
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  /** Last power-on: the launch, or the last start after a stop. */
  readonly launchedAtMs: number | undefined;
  readonly profileArn: string | undefined;
  /** `required` when its metadata service speaks IMDSv2 only. */
  readonly httpTokens: string | undefined;
  /** When its root disk and its first network card were attached: far apart for a disk that was moved here. */
  readonly rootAttachedAtMs: number | undefined;
  readonly cardAttachedAtMs: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** From the SDK's shape, which leaves everything optional. Undefined when there is no id in it. */
export function fromSdk(region: string, accountId: string, instance: Instance): Ec2Instance | undefined {
  const { InstanceId: id, BlockDeviceMappings = [], NetworkInterfaces = [] } = instance;
  if (id === undefined) return undefined;
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === instance.RootDeviceName);
  const card = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
  return {
    id,
    region,
    accountId,
    state: instance.State?.Name ?? 'pending',
    stateReason: instance.StateReason?.Message,
    imageId: instance.ImageId ?? '',
    instanceType: instance.InstanceType ?? '',
    zone: instance.Placement?.AvailabilityZone,
    privateIp: instance.PrivateIpAddress,
    vpcId: instance.VpcId,
    subnetId: instance.SubnetId,
    launchedAtMs: instance.LaunchTime?.getTime(),
    profileArn: instance.IamInstanceProfile?.Arn,
    httpTokens: instance.MetadataOptions?.HttpTokens,
    rootAttachedAtMs: root?.Ebs?.AttachTime?.getTime(),
    cardAttachedAtMs: card?.Attachment?.AttachTime?.getTime(),
    tags: Object.fromEntries((instance.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}

import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMAGE_ID, startTestEc2, type TestEc2 } from './kit.ts';

let ec2: TestEc2;
beforeAll(async () => {
  ec2 = await startTestEc2();
});
afterAll(() => ec2.close());

async function run(region: string, more: Partial<RunInstancesCommandInput> = {}): Promise<Instance[]> {
  const input = { ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1, ...more };
  return (await ec2.client(region).send(new RunInstancesCommand(input))).Instances ?? [];
}

async function described(region: string, id: string | undefined): Promise<Instance | undefined> {
  const input = { InstanceIds: [id ?? ''] };
  const answer = await ec2.client(region).send(new DescribeInstancesCommand(input));
  return answer.Reservations?.[0]?.Instances?.[0];
}

describe('RunInstances', () => {
  test('starts as many machines as asked, in one reservation, with addresses of their region', async () => {
    const instances = await run('eu-west-1', { MaxCount: 3, InstanceType: 'm7g.large' });
    expect(instances.map(({ AmiLaunchIndex }) => AmiLaunchIndex)).toEqual([0, 1, 2]);
    expect(new Set(instances.map(({ PrivateIpAddress }) => PrivateIpAddress)).size).toBe(3);
    const seen = await described('eu-west-1', instances[1]?.InstanceId);
    expect(seen).toMatchObject({
      ImageId: IMAGE_ID,
      InstanceType: 'm7g.large',
      State: { Name: 'running', Code: 16 },
      Placement: { AvailabilityZone: 'eu-west-1a' },
      PrivateIpAddress: expect.stringMatching(/^127\.77\.3\.\d+$/),
      PrivateDnsName: expect.stringMatching(/^ip-127-77-3-\d+\.eu-west-1\.compute\.internal$/),
      MetadataOptions: { HttpTokens: 'optional', InstanceMetadataTags: 'disabled' },
    });
    expect(seen?.InstanceId).toMatch(/^i-[0-9a-f]{17}$/);
    expect(seen?.LaunchTime).toBeInstanceOf(Date);
  });

  test('keeps what the launch said: user data, tags, zone, profile and metadata options', async () => {
    const [instance] = await run('us-east-1', {
      UserData: Buffer.from('#!/bin/sh\necho <&>\n').toString('base64'),
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'a <b> & "c"' }] }],
      Placement: { AvailabilityZone: 'us-east-1c' },
      IamInstanceProfile: { Name: 'web' },
      MetadataOptions: {
        HttpTokens: 'required',
        InstanceMetadataTags: 'enabled',
        HttpPutResponseHopLimit: 2,
      },
    });
    expect(await described('us-east-1', instance?.InstanceId)).toMatchObject({
      Tags: [{ Key: 'Name', Value: 'a <b> & "c"' }],
      Placement: { AvailabilityZone: 'us-east-1c' },
      IamInstanceProfile: { Arn: 'arn:aws:iam::123456789012:instance-profile/web' },
      MetadataOptions: {
        HttpTokens: 'required',
        InstanceMetadataTags: 'enabled',
        HttpPutResponseHopLimit: 2,
      },
      PrivateDnsName: expect.stringMatching(/\.ec2\.internal$/),
    });
    const input = { InstanceId: instance?.InstanceId, Attribute: 'userData' as const };
    const answer = await ec2.client('us-east-1').send(new DescribeInstanceAttributeCommand(input));
    expect(Buffer.from(answer.UserData?.Value ?? '', 'base64').toString()).toBe('#!/bin/sh\necho <&>\n');
  });

  test('is idempotent by client token, within a region, and refuses other parameters under the same token', async () => {
    const [first] = await run('us-west-2', { ClientToken: 'token-1' });
    const [again] = await run('us-west-2', { ClientToken: 'token-1' });
    expect(again?.InstanceId).toBe(first?.InstanceId);
    const [elsewhere] = await run('eu-central-1', { ClientToken: 'token-1' });
    expect(elsewhere?.InstanceId).not.toBe(first?.InstanceId);
    const other = run('us-west-2', { ClientToken: 'token-1', InstanceType: 't3.large' });
    await expect(other).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' });
  });

  test('does nothing on a dry run', async () => {
    const before = ec2.instances().length;
    await expect(run('us-west-2', { DryRun: true })).rejects.toMatchObject({ name: 'DryRunOperation' });
    expect(ec2.instances()).toHaveLength(before);
  });

  test('takes an id from the lab tag, once at a time', async () => {
    const tag = { Key: 'muster-lab:instance-id', Value: 'i-0123456789abcdef0' };
    const more = { TagSpecifications: [{ ResourceType: 'instance' as const, Tags: [tag] }] };
    const [instance] = await run('sa-east-1', more);
    expect(instance?.InstanceId).toBe('i-0123456789abcdef0');
    await expect(run('sa-east-1', more)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  test('takes an address, once at a time', async () => {
    const [instance] = await run('sa-east-1', { PrivateIpAddress: '127.77.6.200' });
    expect(instance?.PrivateIpAddress).toBe('127.77.6.200');
    const again = run('sa-east-1', { PrivateIpAddress: '127.77.6.200' });
    await expect(again).rejects.toMatchObject({ name: 'InvalidIPAddress.InUse' });
  });

  test.each<[string, Partial<RunInstancesCommandInput>]>([
    ['InvalidAMIID.NotFound', { ImageId: 'ami-00000000000000000' }],
    ['InvalidAMIID.Malformed', { ImageId: 'debian' }],
    ['MissingParameter', { ImageId: undefined }],
    ['InvalidParameterValue', { MinCount: 3, MaxCount: 2 }],
    ['InvalidParameterValue', { InstanceType: 'huge' as never }],
    ['InvalidParameterValue', { UserData: 'not base64!' }],
    ['InvalidParameterValue', { UserData: Buffer.alloc(16_385).toString('base64') }],
    ['InvalidParameterValue', { Placement: { AvailabilityZone: 'us-east-1a' } }],
    ['InvalidSubnetID.NotFound', { SubnetId: 'subnet-00000000000000000' }],
    ['InvalidParameterValue', { PrivateIpAddress: '127.77.6.10' }],
    ['UnknownParameter', { CreditSpecification: { CpuCredits: 'standard' } }],
  ])('refuses with %s: %j', async (name, more) => {
    await expect(run('ap-southeast-2', more)).rejects.toMatchObject({ name });
  });

  test('takes user data of just 16 KB', async () => {
    expect(await run('ap-southeast-2', { UserData: Buffer.alloc(16_384).toString('base64') })).toHaveLength(
      1,
    );
  });
});

import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeRegionsCommand,
  DescribeTagsCommand,
  type EC2Client,
  paginateDescribeInstances,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMAGE_ID, startTestEc2, type TestEc2 } from './kit.ts';

let ec2: TestEc2;
let client: EC2Client;
let ids: string[];

beforeAll(async () => {
  ec2 = await startTestEc2();
  client = ec2.client('eu-west-1');
  ids = [];
  for (const [index, role] of ['web', 'web', 'db', 'web-canary'].entries()) {
    const Tags = [{ Key: 'role', Value: role }, ...(index === 0 ? [{ Key: 'first', Value: '' }] : [])];
    const TagSpecifications = [{ ResourceType: 'instance' as const, Tags }];
    const Placement = { AvailabilityZone: index < 2 ? 'eu-west-1a' : 'eu-west-1b' };
    const input = { ImageId: IMAGE_ID, MinCount: 2, MaxCount: 2, TagSpecifications, Placement };
    const answer = await client.send(new RunInstancesCommand(input));
    ids.push(...(answer.Instances ?? []).map(({ InstanceId }) => InstanceId ?? ''));
  }
});
afterAll(() => ec2.close());

async function find(input: DescribeInstancesCommandInput): Promise<string[]> {
  const answer = await client.send(new DescribeInstancesCommand(input));
  const instances = (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
  return instances.map(({ InstanceId }) => InstanceId ?? '');
}

describe('DescribeInstances', () => {
  test('groups what was launched together', async () => {
    const answer = await client.send(new DescribeInstancesCommand({}));
    expect(answer.Reservations?.map(({ Instances }) => Instances?.length)).toEqual([2, 2, 2, 2]);
  });

  test.each<[string, string[], number[]]>([
    ['tag:role', ['web'], [0, 1, 2, 3]],
    ['tag:role', ['web*'], [0, 1, 2, 3, 6, 7]],
    ['tag:role', ['d?', 'nothing'], [4, 5]],
    ['tag:role', ['WEB'], []],
    ['tag-key', ['first'], [0, 1]],
    ['instance-state-name', ['running'], [0, 1, 2, 3, 4, 5, 6, 7]],
    ['availability-zone', ['eu-west-1b'], [4, 5, 6, 7]],
    ['image-id', ['ami-0deb1200000000002'], []],
    ['private-ip-address', ['127.77.3.10', '127.77.3.17'], [0, 7]],
  ])('filters %s by %j', async (Name, Values, expected) => {
    expect(await find({ Filters: [{ Name, Values }] })).toEqual(expected.map((index) => ids[index]));
  });

  test('wants every filter to match', async () => {
    const byRole = { Name: 'tag:role', Values: ['web*'] };
    const byZone = { Name: 'availability-zone', Values: ['*b'] };
    expect(await find({ Filters: [byRole, byZone] })).toEqual(ids.slice(6));
  });

  test('gives pages, through the own paginator of the SDK', async () => {
    const sizes: number[] = [];
    const seen: string[] = [];
    for await (const page of paginateDescribeInstances({ client, pageSize: 5 }, {})) {
      const instances = (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
      sizes.push(instances.length);
      seen.push(...instances.map(({ InstanceId }) => InstanceId ?? ''));
    }
    expect(sizes).toEqual([5, 3]);
    expect(seen).toEqual(ids);
  });

  test.each<[string, DescribeInstancesCommandInput]>([
    ['InvalidInstanceID.Malformed', { InstanceIds: ['web-1'] }],
    ['InvalidInstanceID.NotFound', { InstanceIds: ['i-00000000000000000'] }],
    ['InvalidParameterValue', { Filters: [{ Name: 'colour', Values: ['red'] }] }],
    ['InvalidParameterValue', { MaxResults: 4 }],
    ['InvalidParameterCombination', { InstanceIds: ['i-00000000000000000'], MaxResults: 5 }],
    ['InvalidNextToken', { NextToken: 'guess' }],
  ])('refuses with %s: %j', async (name, input) => {
    await expect(find(input)).rejects.toMatchObject({ name });
  });

  test('fails the whole batch for one unknown id, and names it', async () => {
    const batch = find({ InstanceIds: [ids[0] ?? '', 'i-00000000000000000'] });
    await expect(batch).rejects.toThrow("The instance ID 'i-00000000000000000' does not exist");
  });

  test('knows nothing of another region', async () => {
    const answer = await ec2.client('us-east-1').send(new DescribeInstancesCommand({}));
    expect(answer.Reservations).toEqual([]);
  });
});

describe('tags', () => {
  test('are made, listed, overwritten and deleted', async () => {
    const Resources = [ids[5] ?? ''];
    const listed = async () => {
      const Filters = [{ Name: 'resource-id', Values: Resources }];
      const { Tags = [] } = await client.send(new DescribeTagsCommand({ Filters }));
      return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
    };
    await client.send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'team', Value: 'red' }] }));
    await client.send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'team', Value: 'blue' }] }));
    expect(await listed()).toEqual({ role: 'db', team: 'blue' });
    await client.send(new DeleteTagsCommand({ Resources, Tags: [{ Key: 'team', Value: 'red' }] }));
    expect(await listed()).toEqual({ role: 'db', team: 'blue' });
    await client.send(new DeleteTagsCommand({ Resources, Tags: [{ Key: 'team' }] }));
    expect(await listed()).toEqual({ role: 'db' });
  });

  test('of aws: are not for users', async () => {
    const input = { Resources: [ids[0] ?? ''], Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'x' }] };
    await expect(client.send(new CreateTagsCommand(input))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });
});

describe('regions and images', () => {
  test('are listed', async () => {
    const { Regions = [] } = await client.send(new DescribeRegionsCommand({}));
    expect(Regions.map(({ RegionName }) => RegionName)).toContain('us-east-1');
    const { Images = [] } = await client.send(new DescribeImagesCommand({ ImageIds: [IMAGE_ID] }));
    expect(Images).toMatchObject([{ ImageId: IMAGE_ID, State: 'available', RootDeviceType: 'ebs' }]);
  });
});

import {
  type EC2Client,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askImds, IMAGE_ID, imdsToken, readImds, startTestEc2, type TestEc2 } from './kit.ts';

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

let ec2: TestEc2;
let client: EC2Client;
let nowMs = Date.now();
let strict: Instance;
let lax: Instance;

beforeAll(async () => {
  ec2 = await startTestEc2({ clock: { nowMs: () => Date.now(), monotonicMs: () => nowMs } });
  client = ec2.client('us-west-2');
  const userData = Buffer.from([0x1f, 0x8b, 0xff, 0x00, 0x0a]).toString('base64');
  const MetadataOptions = { HttpTokens: 'required' as const, InstanceMetadataTags: 'enabled' as const };
  const Tags = [{ Key: 'role', Value: 'web' }];
  const TagSpecifications = [{ ResourceType: 'instance' as const, Tags }];
  strict = await launch({ MetadataOptions, TagSpecifications, UserData: userData });
  lax = await launch({ TagSpecifications });
});
afterAll(() => ec2.close());

async function launch(more: Partial<RunInstancesCommandInput>): Promise<Instance> {
  const input = { ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1, ...more };
  return (await client.send(new RunInstancesCommand(input))).Instances?.[0] ?? {};
}

const address = (instance: Instance) => instance.PrivateIpAddress ?? '';
const token = (headers: Record<string, string>) =>
  askImds(ec2, address(strict), '/latest/api/token', { method: 'PUT', headers });

describe('session tokens', () => {
  test('are given for 1 to 21600 seconds', async () => {
    expect(await token({ [TTL]: '21600' })).toMatchObject({ status: 200, headers: { [TTL]: '21600' } });
    expect(await token({ [TTL]: '1' })).toMatchObject({ status: 200 });
  });

  test.each(['0', '21601', '-1', '1.5', 'x', ''])('are not given for "%s" seconds', async (ttl) => {
    expect(await token({ [TTL]: ttl })).toMatchObject({ status: 400 });
  });

  test('are not given without a time, nor through a proxy, nor to GET', async () => {
    expect(await token({})).toMatchObject({ status: 400 });
    expect(await token({ [TTL]: '60', 'x-forwarded-for': '10.0.0.1' })).toMatchObject({ status: 403 });
    expect(await askImds(ec2, address(strict), '/latest/api/token')).toMatchObject({ status: 405 });
  });

  test('are needed where the instance says so', async () => {
    const path = '/latest/meta-data/instance-id';
    expect(await askImds(ec2, address(strict), path)).toMatchObject({ status: 401 });
    expect(await askImds(ec2, address(lax), path)).toMatchObject({ status: 200, body: lax.InstanceId });
    expect(await readImds(ec2, address(strict), path)).toMatchObject({
      status: 200,
      body: strict.InstanceId,
    });
  });

  test('hold for one instance and their time only', async () => {
    const path = '/latest/meta-data/instance-id';
    const own = { headers: { [TOKEN]: await imdsToken(ec2, address(strict), 60) } };
    expect(await askImds(ec2, address(lax), path, own)).toMatchObject({ status: 401 });
    expect(await askImds(ec2, address(strict), path, own)).toMatchObject({ status: 200 });
    nowMs += 60_000;
    expect(await askImds(ec2, address(strict), path, own)).toMatchObject({ status: 401 });
  });
});

describe('the tree', () => {
  const get = async (instance: Instance, path: string) => (await readImds(ec2, address(instance), path)).body;

  test.each(['latest', '2021-03-23', '2009-04-04'])('is there under %s', async (version) => {
    expect(await get(strict, `/${version}/meta-data/instance-id`)).toBe(strict.InstanceId);
  });

  test('is not there under an unknown version', async () => {
    expect(await readImds(ec2, address(strict), '/2031-01-01/meta-data/')).toMatchObject({ status: 404 });
  });

  test('lists directories, with a slash after those inside', async () => {
    expect((await get(strict, '/')).split('\n')).toContain('2021-03-23');
    expect(await get(strict, '/latest/')).toBe('dynamic\nmeta-data\nuser-data');
    expect(await get(lax, '/latest')).toBe('dynamic\nmeta-data');
    const names = (await get(strict, '/latest/meta-data/')).split('\n');
    expect(names).toEqual(
      expect.arrayContaining(['ami-id', 'instance-id', 'local-ipv4', 'placement/', 'services/', 'tags/']),
    );
    expect(await get(strict, '/latest/dynamic/instance-identity/')).toBe(
      'document\npkcs7\nrsa2048\nsignature',
    );
  });

  test.each([
    ['ami-id', IMAGE_ID],
    ['instance-type', 't3.micro'],
    ['placement/region', 'us-west-2'],
    ['placement/availability-zone', 'us-west-2a'],
    ['placement/availability-zone-id', 'usw2-az1'],
    ['services/domain', 'amazonaws.com'],
    ['tags/instance/role', 'web'],
    ['tags/instance', 'role'],
    ['mac', '02:4d:7f:4d:02:0a'],
    ['local-hostname', 'ip-127-77-2-10.us-west-2.compute.internal'],
  ])('has %s', async (path, value) => {
    expect(await get(strict, `/latest/meta-data/${path}`)).toBe(value);
  });

  test('has tags only where the instance says so', async () => {
    expect(await readImds(ec2, address(lax), '/latest/meta-data/tags/instance/role')).toMatchObject({
      status: 404,
    });
  });

  test('has user data byte by byte, or 404', async () => {
    const token = await imdsToken(ec2, address(strict));
    const answer = await askImds(ec2, address(strict), '/latest/user-data', { headers: { [TOKEN]: token } });
    expect(answer.headers['content-length']).toBe('5');
    expect(await readImds(ec2, address(lax), '/latest/user-data')).toMatchObject({ status: 404 });
  });

  test('cannot be written', async () => {
    const answer = await askImds(ec2, address(lax), '/latest/meta-data/', { method: 'POST' });
    expect(answer).toMatchObject({ status: 405 });
  });
});

test('somebody who is no instance gets nothing', async () => {
  expect(await askImds(ec2, '127.0.0.1', '/latest/meta-data/')).toMatchObject({ status: 404 });
});

test('an instance may have no metadata service at all', async () => {
  const instance = await launch({ MetadataOptions: { HttpEndpoint: 'disabled' } });
  expect(await askImds(ec2, address(instance), '/latest/meta-data/')).toMatchObject({ status: 403 });
});

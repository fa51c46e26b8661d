import { describe, expect, test } from 'vitest';
import { createImds } from '../../agent/imds.ts';
import { ec2Facts, readInstance } from '../../agent/instance.ts';
import { silentLog } from '../../src/core/log.ts';
import { startImds } from '../kit/imds.ts';

const LEAVES = {
  'dynamic/instance-identity/document':
    '{\n  "instanceId" : "i-0123456789abcdef0",\n  "region" : "us-west-2"\n}',
  'dynamic/instance-identity/rsa2048': 'TUlJ\nQUE=',
  'meta-data/ami-id': 'ami-1',
  'meta-data/instance-type': 't3.micro',
  'meta-data/placement/availability-zone': 'us-west-2-lax-1a',
  'meta-data/security-groups': 'web\nssh',
  'meta-data/tags/instance/Role': 'web',
  'meta-data/iam/security-credentials/my-role': '{"SecretAccessKey":"s"}',
  'meta-data/public-keys/0/openssh-key': 'ssh-rsa AAAA',
};
const client = (url: string) => createImds({ url, log: silentLog, tries: 4, baseMs: 1 });

describe('The IMDSv2 client', () => {
  test('asks for a token once, and for another one when the service has forgotten it', async () => {
    await using imds = await startImds(LEAVES);
    const { get } = client(imds.url);
    expect(await get('meta-data/ami-id')).toBe('ami-1');
    expect(await get('meta-data/nothing')).toBeNull();
    imds.forget();
    expect(await get('meta-data/instance-type')).toBe('t3.micro');
    expect(imds.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(2);
  });

  test('tries again when the service fails', async () => {
    await using imds = await startImds(LEAVES);
    imds.failing = 3;
    expect(await client(imds.url).get('meta-data/ami-id')).toBe('ami-1');
  });

  test('gives up after its tries, with an error that names address and path', async () => {
    await using imds = await startImds(LEAVES);
    imds.failing = 99;
    const failure = client(imds.url).get('meta-data/ami-id');
    await expect(failure).rejects.toMatchObject({
      code: 'NODE_IO',
      message: expect.stringContaining(`${imds.url} did not give meta-data/ami-id in 4 tries`),
    });
    expect(imds.calls).toHaveLength(4);
  });
});

describe('Facts of EC2', () => {
  test('carry the names of the boot helper of 2010, lists as _0 and _1', async () => {
    await using imds = await startImds(LEAVES);
    expect(await ec2Facts(client(imds.url), 'us-west-2')).toEqual({
      ec2_ami_id: 'ami-1',
      ec2_instance_type: 't3.micro',
      ec2_placement_availability_zone: 'us-west-2-lax-1a',
      ec2_placement_region: 'us-west-2',
      ec2_security_groups_0: 'web',
      ec2_security_groups_1: 'ssh',
      ec2_tags_instance_Role: 'web',
    });
  });

  test('never hold credentials or keys: those are not even read', async () => {
    await using imds = await startImds(LEAVES);
    await ec2Facts(client(imds.url), 'us-west-2');
    expect(imds.calls.join()).not.toMatch(/iam|public-keys/);
  });

  test('take the region from the identity document, never from the zone', async () => {
    await using imds = await startImds(LEAVES);
    const instance = await readInstance(client(imds.url));
    expect(instance).toMatchObject({
      instanceId: 'i-0123456789abcdef0',
      region: 'us-west-2',
      rsa2048: 'TUlJ\nQUE=',
    });
    expect(instance.document).toBe(LEAVES['dynamic/instance-identity/document']);
  });

  test('need an identity document that says which instance this is', async () => {
    await using imds = await startImds({ 'dynamic/instance-identity/document': '{"region":"x"}' });
    await expect(readInstance(client(imds.url))).rejects.toMatchObject({ code: 'NODE_IO' });
  });
});

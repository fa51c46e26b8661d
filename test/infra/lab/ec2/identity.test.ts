import { execFileSync } from 'node:child_process';
import { verify, X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Instance,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { IMAGE_ID, readImds, startTestEc2, type TestEc2 } from './kit.ts';

let ec2: TestEc2;
let instance: Instance;
beforeAll(async () => {
  ec2 = await startTestEc2();
  const input = { ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1 };
  instance = (await ec2.client('eu-central-1').send(new RunInstancesCommand(input))).Instances?.[0] ?? {};
});
afterAll(() => ec2.close());

async function read(file: string): Promise<string> {
  const path = `/latest/dynamic/instance-identity/${file}`;
  return (await readImds(ec2, instance.PrivateIpAddress ?? '', path)).body;
}

const certificate = (region: string) => join(ec2.dir, 'ec2', 'certs', `${region}.pem`);

/** The content of a CMS if the region's certificate verifies it; certificates in the message are ignored. */
async function openCms(base64: string, region: string): Promise<string> {
  const file = join(ec2.dir, 'message.der');
  await writeFile(file, Buffer.from(base64, 'base64'));
  const trust = ['-certfile', certificate(region), '-nointern', '-noverify'];
  const argv = ['cms', '-verify', '-inform', 'DER', '-in', file, '-binary', ...trust];
  return execFileSync('openssl', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

test("the document has AWS's fields", async () => {
  expect(JSON.parse(await read('document'))).toEqual({
    accountId: '123456789012',
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    availabilityZone: 'eu-central-1a',
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: IMAGE_ID,
    instanceId: instance.InstanceId,
    instanceType: 't3.micro',
    kernelId: null,
    pendingTime: instance.LaunchTime?.toISOString().replace('.000Z', 'Z'),
    privateIp: instance.PrivateIpAddress,
    ramdiskId: null,
    region: 'eu-central-1',
    version: '2017-09-30',
  });
  expect(await read('document')).toMatch(/^\{\n {2}"accountId" : "123456789012",\n/);
});

test('signature is RSA with SHA-256 over the document', async () => {
  const key = new X509Certificate(await readFile(certificate('eu-central-1'))).publicKey;
  const signature = Buffer.from(await read('signature'), 'base64');
  expect(verify('sha256', Buffer.from(await read('document')), key, signature)).toBe(true);
});

test.each(['rsa2048', 'pkcs7'])(
  '%s is a CMS that openssl verifies with the certificate of this region alone',
  async (file) => {
    const message = await read(file);
    expect(message).toMatch(/^[A-Za-z0-9+/\n]+={0,2}$/);
    expect(await openCms(message, 'eu-central-1')).toBe(await read('document'));
    await expect(openCms(message, 'eu-west-1')).rejects.toThrow();
  },
);

test('rsa2048 is BER of indefinite length without a certificate, as from AWS', async () => {
  const message = Buffer.from(await read('rsa2048'), 'base64');
  expect(message.subarray(0, 2)).toEqual(Buffer.from([0x30, 0x80]));
  expect(message.includes('Seattle')).toBe(true);
  expect(message.length).toBeLessThan(1400);
});

test('signing keys are for their owner only', async () => {
  expect((await stat(join(ec2.dir, 'ec2', 'keys', 'eu-central-1.pem'))).mode & 0o777).toBe(0o600);
});

test('stop and start give another pendingTime and another signature', async () => {
  const before = [await read('document'), await read('rsa2048')];
  const client = ec2.client('eu-central-1');
  const InstanceIds = [instance.InstanceId ?? ''];
  await client.send(new StopInstancesCommand({ InstanceIds }));
  await vi.waitFor(() => expect(ec2.instances()[0]?.state).toBe('stopped'));
  await client.send(new StartInstancesCommand({ InstanceIds }));
  await vi.waitFor(() => expect(ec2.instances()[0]?.state).toBe('running'));
  expect(JSON.parse(await read('document')).pendingTime > JSON.parse(before[0] ?? '').pendingTime).toBe(true);
  expect(await openCms(await read('rsa2048'), 'eu-central-1')).toBe(await read('document'));
  expect(await read('rsa2048')).not.toBe(before[1]);
});

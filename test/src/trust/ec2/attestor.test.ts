import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AttestContext, DescribedInstance } from '../../../../src/core/attestor.ts';
import { MusterError } from '../../../../src/core/errors.ts';
import type { Hello } from '../../../../src/core/messages.ts';
import ec2 from '../../../../src/trust/attestors/ec2.ts';
import { createEc2Signer, documentOf } from '../../../kit/ec2-signer.ts';
import { testPki } from '../../../kit/pki.ts';
import { helloOf } from '../kit.ts';

const signer = createEc2Signer();
afterAll(() => signer.remove());
const node = await (await testPki()).holder('web1', 'node');
const genuine = documentOf();

const RULES = {
  certificates_dir: signer.certificatesDir,
  accounts: ['123456789012'],
  regions: ['eu-west-1'],
};
const { pendingTime } = JSON.parse(genuine) as { pendingTime: string };
const FOUND: DescribedInstance = {
  accountId: '123456789012',
  state: 'running',
  imageId: 'ami-0deb1200000000001',
  privateIp: '10.0.0.7',
  vpcId: 'vpc-1',
  subnetId: 'subnet-1',
  launchedAtMs: Date.parse(pendingTime),
  httpTokens: 'required',
  rootAttachedAtMs: 1000,
  cardAttachedAtMs: 2000,
  tags: { 'aws:autoscaling:groupName': 'web-asg' },
};

function signed(document: string, more: Partial<Hello> = {}): Hello {
  return helloOf(node, { identity_document: document, identity_rsa2048: signer.sign(document), ...more });
}

function attest(
  hello: Hello,
  {
    rules = {},
    found = {},
    ...more
  }: Partial<AttestContext> & {
    rules?: object;
    found?: Partial<DescribedInstance> | null;
  } = {},
) {
  const context: AttestContext = {
    nowMs: Date.now(),
    signal: new AbortController().signal,
    describe: async () => (found === null ? null : { ...FOUND, ...found }),
    ...more,
  };
  return ec2.attest(hello, ec2.options.parse({ ...RULES, ...rules }), context);
}

const refusal = (reason: string) => ({ ok: false, reason });

test('a genuine document vouches for instance, power-on and region; verified facts win over what the node says', async () => {
  const hello = signed(genuine, { facts: { ec2_placement_region: 'us-east-1', role: 'web' } });
  expect(await attest(hello)).toEqual({
    ok: true,
    attestation: {
      instanceId: 'i-0123456789abcdef0',
      claim: `123456789012 ${pendingTime}`,
      region: 'eu-west-1',
      facts: {
        role: 'web',
        ec2_instance_id: 'i-0123456789abcdef0',
        ec2_instance_type: 't3.micro',
        ec2_ami_id: 'ami-0deb1200000000001',
        ec2_placement_availability_zone: 'eu-west-1a',
        ec2_placement_region: 'eu-west-1',
      },
      evidence: 'identity document, DescribeInstances',
    },
  });
});

describe('the signed document', () => {
  test('is needed, and must be a CMS', async () => {
    expect(await attest(helloOf(node, { identity_document: genuine }))).toMatchObject(
      refusal('DOCUMENT_MISSING'),
    );
    for (const identity_rsa2048 of ['', '!', 'AAAA', Buffer.from(genuine).toString('base64')])
      expect(await attest(helloOf(node, { identity_rsa2048 }))).toMatchObject(refusal('CMS_FORMAT'));
  });

  test('signed by a self-made key with its certificate inside is refused', async () => {
    const identity_rsa2048 = signer.sign(genuine, { keys: [signer.forged], args: ['-md', 'sha256'] });
    expect(await attest(helloOf(node, { identity_rsa2048 }))).toMatchObject(refusal('CMS_SIGNATURE'));
  });

  test('of two signers is refused', async () => {
    const keys = [signer.genuine, signer.forged];
    const identity_rsa2048 = signer.sign(genuine, { keys, args: ['-md', 'sha256'] });
    expect(await attest(helloOf(node, { identity_rsa2048 }))).toMatchObject(refusal('CMS_SIGNERS'));
  });

  test('with another document beside it is refused: only what is signed counts', async () => {
    const victim = documentOf({ instanceId: 'i-0fedcba9876543210' });
    const hello = signed(genuine, { instance_id: 'i-0fedcba9876543210', identity_document: victim });
    expect(await attest(hello)).toMatchObject(refusal('DOCUMENT_MISMATCH'));
    const { identity_document: _, ...without } = hello;
    expect(await attest(without)).toMatchObject(refusal('INSTANCE_MISMATCH'));
  });

  test('names the power-on, whatever was changed in the parts that are not signed: no copy makes a second claim', async () => {
    const original = Buffer.from(signer.sign(genuine), 'base64');
    const claims = new Set<string>();
    let copies = 0;
    for (let at = 0; at < original.length; at += 1) {
      const message = Buffer.from(original);
      message[at] = (message[at] ?? 0) ^ 0x01;
      const outcome = await attest(helloOf(node, { identity_rsa2048: message.toString('base64') }));
      if (!outcome.ok) continue;
      claims.add(outcome.attestation.claim);
      copies += 1;
    }
    expect(copies).toBeGreaterThan(0);
    expect([...claims]).toEqual([`123456789012 ${pendingTime}`]);
  });

  test('of something else that the key signed is refused', async () => {
    for (const text of [
      'null',
      '[]',
      '{"instanceId":"i-0123456789abcdef0"}',
      documentOf({ region: '../../etc/x-1' }),
    ])
      expect(await attest(helloOf(node, { identity_rsa2048: signer.sign(text) }))).toMatchObject(
        refusal('DOCUMENT_SCHEMA'),
      );
  });

  test('of a region without a pinned certificate, or with that of another, is refused', async () => {
    const hello = signed(documentOf({ region: 'eu-west-3' }));
    expect(await attest(hello)).toMatchObject(refusal('REGION_UNKNOWN'));
    signer.pin('eu-west-3', signer.forged);
    expect(await attest(hello)).toMatchObject(refusal('CMS_SIGNATURE'));
  });

  test('is good as soon as the certificate of its region is put there, also beside an old one, and no longer', async () => {
    const rules = { regions: ['eu-west-2'] };
    const hello = signed(documentOf({ region: 'eu-west-2' }));
    signer.pin('eu-west-2', signer.forged);
    expect(await attest(hello, { rules })).toMatchObject(refusal('CMS_SIGNATURE'));
    signer.pin('eu-west-2', signer.forged, signer.genuine);
    expect(await attest(hello, { rules })).toMatchObject({ ok: true });
    rmSync(join(signer.certificatesDir, 'eu-west-2.pem'));
    expect(await attest(hello, { rules })).toMatchObject(refusal('REGION_UNKNOWN'));
  });

  test('waits while the file of a region makes no sense', async () => {
    writeFileSync(join(signer.certificatesDir, 'eu-north-1.pem'), readFileSync(signer.genuine.key));
    await expect(attest(signed(documentOf({ region: 'eu-north-1' })))).rejects.toThrow(MusterError);
  });
});

describe('the rules of the group', () => {
  test.each([
    ['ACCOUNT_DENIED', { accounts: ['000000000000'] }],
    ['REGION_DENIED', { regions: ['us-east-1'] }],
    ['IMAGE_DENIED', { images: ['ami-1'] }],
    ['TOKEN_WRONG', { token: 'another token of a group' }],
    ['STS_MISSING', { roles: ['web'] }],
  ])('%s', async (reason, rules) => {
    const describe = async () => {
      throw new Error('a question that costs something was asked');
    };
    expect(await attest(signed(genuine), { rules, describe })).toMatchObject(refusal(reason));
  });

  test('a document is good for the window after power-on, longer only for who holds the claim', async () => {
    const at = (seconds: number) => ({ nowMs: Date.parse(pendingTime) + seconds * 1000 });
    const hello = signed(genuine);
    expect(await attest(hello, at(-50))).toMatchObject({ ok: true });
    expect(await attest(hello, at(-70))).toMatchObject(refusal('PENDING_TIME_FUTURE'));
    expect(await attest(hello, at(1790))).toMatchObject({ ok: true });
    expect(await attest(hello, at(1810))).toMatchObject(refusal('PENDING_TIME_OLD'));
    expect(await attest(hello, { ...at(70), rules: { window_s: 60 } })).toMatchObject(
      refusal('PENDING_TIME_OLD'),
    );
    const asked: string[] = [];
    const holds = async (...of: string[]) => asked.push(...of) > 0;
    expect(await attest(hello, { ...at(1810), holds })).toMatchObject({ ok: true });
    expect(asked).toEqual(['i-0123456789abcdef0', `123456789012 ${pendingTime}`]);
    expect(await attest(hello, { ...at(1810), holds: async () => false })).toMatchObject(
      refusal('PENDING_TIME_OLD'),
    );
  });

  test('options that contradict each other are refused', () => {
    const good = (more: object) => ec2.options.safeParse({ ...RULES, ...more }).success;
    expect(good({})).toBe(true);
    expect(good({ describe: false, vpcs: ['vpc-1'] })).toBe(false);
    expect(good({ token: 'x'.repeat(20), token_sha256: '0'.repeat(64) })).toBe(false);
    expect(good({ accounts: [] })).toBe(false);
    expect(good({ regoins: [] })).toBe(false);
  });
});

describe('what EC2 says', () => {
  test.each<[string, Partial<DescribedInstance> | null, object]>([
    ['INSTANCE_UNKNOWN', null, {}],
    ['ACCOUNT_MISMATCH', { accountId: '999999999999' }, {}],
    ['INSTANCE_STATE', { state: 'shutting-down' }, {}],
    ['INSTANCE_STATE', { state: 'stopped' }, {}],
    ['IMAGE_MISMATCH', { imageId: 'ami-2' }, {}],
    ['ADDRESS_MISMATCH', { privateIp: '10.0.0.8' }, {}],
    ['LAUNCH_MISMATCH', { launchedAtMs: Date.parse(pendingTime) + 400_000 }, {}],
    ['DISK_MOVED', { rootAttachedAtMs: 70_000 }, {}],
    ['VPC_DENIED', {}, { vpcs: ['vpc-2'] }],
    ['SUBNET_DENIED', {}, { subnets: ['subnet-2'] }],
    ['AUTOSCALING_GROUP', {}, { autoscaling_group: 'db-asg' }],
    ['AUTOSCALING_GROUP', { tags: {} }, { autoscaling_group: 'web-asg' }],
    ['IMDS_V1', { httpTokens: 'optional' }, {}],
  ])('%s for %j', async (reason, found, rules) => {
    expect(await attest(signed(genuine), { found, rules })).toMatchObject(refusal(reason));
  });

  test('every rule at once can be kept', async () => {
    const rules = {
      ...{ token: 'a join token of the group', images: ['ami-0deb1200000000001'], vpcs: ['vpc-1'] },
      ...{ subnets: ['subnet-1'], autoscaling_group: 'web-asg' },
    };
    expect(await attest(signed(genuine), { rules })).toMatchObject({ ok: true });
  });

  test('is not asked for where the group does without', async () => {
    const describe = async () => {
      throw new Error('asked');
    };
    const result = await attest(signed(genuine), { describe, rules: { describe: false } });
    expect(result).toMatchObject({ ok: true, attestation: { evidence: 'identity document' } });
  });

  test('not having been told is no refusal: the hello has to come again', async () => {
    const describe = async () => {
      throw new MusterError('EC2_THROTTLED', 'slow down');
    };
    await expect(attest(signed(genuine), { describe })).rejects.toMatchObject({ code: 'EC2_THROTTLED' });
  });
});

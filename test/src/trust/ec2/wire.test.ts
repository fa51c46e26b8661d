// The attestor `ec2` against the lab's local EC2 over its wire: documents from its metadata service, its STS, its API.
import { join } from 'node:path';
import { type Instance, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Imds } from '../../../../agent/imds.ts';
import { readInstance } from '../../../../agent/instance.ts';
import { createProveRole } from '../../../../agent/role.ts';
import { silentLog } from '../../../../src/core/log.ts';
import type { Hello } from '../../../../src/core/messages.ts';
import { createBatcher, type LookUp } from '../../../../src/ec2/batcher.ts';
import { createEc2, type Ec2 } from '../../../../src/ec2/client.ts';
import { describeInstances } from '../../../../src/ec2/describe.ts';
import ec2Attestor from '../../../../src/trust/attestors/ec2.ts';
import { IMAGE_ID, readImds, startTestEc2, type TestEc2 } from '../../../infra/lab/ec2/kit.ts';
import { testPki } from '../../../kit/pki.ts';
import { helloOf } from '../kit.ts';

const node = await (await testPki()).holder('web1', 'node');
const thief = await (await testPki()).holder('thief', 'node');

let lab: TestEc2;
let ec2: Ec2;
let describe: LookUp;
let calls = 0;
beforeAll(async () => {
  lab = await startTestEc2();
  const endpoint = `http://127.0.0.1:${lab.apiPort}`;
  ec2 = createEc2({ endpoint, credentialsFile: lab.credentialsPath, maxAttempts: 1 });
  describe = createBatcher({
    windowMs: 20,
    againAfterMs: [50, 50],
    look: (region, ids) => {
      calls += 1;
      return describeInstances(ec2, region, ids);
    },
  });
});
afterAll(async () => {
  ec2.close();
  await lab.close();
});
afterEach(() => lab.faults.clear());

async function launch(more: object = { IamInstanceProfile: { Name: 'web' } }): Promise<Instance> {
  const input = {
    ImageId: IMAGE_ID,
    MinCount: 1,
    MaxCount: 1,
    MetadataOptions: { HttpTokens: 'required' },
  } as const;
  const answer = await lab.client('eu-west-1').send(new RunInstancesCommand({ ...input, ...more }));
  return answer.Instances?.[0] ?? {};
}

/** The metadata service as this instance sees it. */
function imdsOf({ PrivateIpAddress = '' }: Instance): Imds {
  return {
    async get(path) {
      const { status, body } = await readImds(lab, PrivateIpAddress, `/latest/${path}`);
      return status === 404 ? null : body;
    },
  };
}

/** What the daemon on this instance says. */
async function sayHello(instance: Instance, who = node, more: Partial<Hello> = {}): Promise<Hello> {
  const imds = imdsOf(instance);
  const { instanceId, region, document, rsa2048 } = await readInstance(imds);
  const hello = helloOf(who, {
    instance_id: instanceId,
    identity_document: document,
    ...(rsa2048 === null ? {} : { identity_rsa2048: rsa2048 }),
    ...more,
  });
  const proof = await createProveRole(imds, region, silentLog)(hello, Date.now());
  return proof === null ? hello : { ...hello, sts_proof: proof };
}

function attest(hello: Hello, rules: object = {}) {
  const options = ec2Attestor.options.parse({
    certificates_dir: join(lab.dir, 'ec2', 'certs'),
    accounts: ['123456789012'],
    regions: ['eu-west-1'],
    roles: ['web'],
    sts_endpoint: `http://127.0.0.1:${lab.apiPort}`,
    ...rules,
  });
  return ec2Attestor.attest(hello, options, {
    nowMs: Date.now(),
    signal: AbortSignal.timeout(5000),
    describe,
  });
}

test('an instance with its role is attested by document, STS and DescribeInstances', async () => {
  const instance = await launch();
  expect(await attest(await sayHello(instance))).toMatchObject({
    ok: true,
    attestation: {
      instanceId: instance.InstanceId,
      region: 'eu-west-1',
      evidence: 'identity document, role by STS, DescribeInstances',
    },
  });
});

test('a stolen proof is good for no other keys, nonce, group or region', async () => {
  const genuine = await sayHello(await launch());
  const stolen: Partial<Hello>[] = [
    { bus_public_key: thief.publicKeyPem },
    { puppet_csr: helloOf(thief).puppet_csr },
    { nonce: '0'.repeat(32) },
    { group: 'db' },
  ];
  for (const change of stolen)
    expect(await attest({ ...genuine, ...change })).toMatchObject({ ok: false, reason: 'STS_REFUSED' });
  expect(await attest(genuine)).toMatchObject({ ok: true });
});

test('a stolen document is good for nobody without the role: not without proof, not with that of another instance', async () => {
  const [victim, own] = [await sayHello(await launch()), await sayHello(await launch(), thief)];
  const { sts_proof: proof, ...without } = victim;
  expect(proof).toBeDefined();
  expect(await attest({ ...without, bus_public_key: thief.publicKeyPem })).toMatchObject({
    reason: 'STS_MISSING',
  });
  // The thief's own instance signs for a hello that says the victim's id.
  const { instance_id, identity_document, identity_rsa2048 } = victim;
  const stolen = { instance_id, identity_document, ...(identity_rsa2048 ? { identity_rsa2048 } : {}) };
  const attacker = lab.instances().find(({ id }) => id === own.instance_id);
  const mixed = await sayHello({ PrivateIpAddress: attacker?.address ?? '' }, thief, stolen);
  expect(await attest(mixed)).toMatchObject({ ok: false, reason: 'STS_INSTANCE' });
});

test('another role, and none, is refused', async () => {
  expect(await attest(await sayHello(await launch({ IamInstanceProfile: { Name: 'db' } })))).toMatchObject({
    reason: 'STS_ROLE',
  });
  const bare = await sayHello(await launch({}));
  expect(bare.sts_proof).toBeUndefined();
  expect(await attest(bare)).toMatchObject({ reason: 'STS_MISSING' });
  expect(await attest(bare, { roles: [] })).toMatchObject({ ok: true });
});

test('an instance that EC2 does not show yet is asked for again, then refused for now', async () => {
  lab.faults.set({ hide_new_s: 60 });
  const hello = await sayHello(await launch());
  const before = calls;
  expect(await attest(hello)).toMatchObject({ reason: 'INSTANCE_UNKNOWN' });
  expect(calls - before).toBe(3);
});

test('a terminated instance is refused, its credentials too', async () => {
  const instance = await launch();
  const hello = await sayHello(instance);
  await lab
    .client('eu-west-1')
    .send(new TerminateInstancesCommand({ InstanceIds: [instance.InstanceId ?? ''] }));
  expect(await attest(hello)).toMatchObject({ reason: 'STS_REFUSED' });
  expect(await attest(hello, { roles: [] })).toMatchObject({ reason: 'INSTANCE_STATE' });
});

test('IMDSv1 is refused by what EC2 says, unless the group allows it', async () => {
  const hello = await sayHello(
    await launch({ IamInstanceProfile: { Name: 'web' }, MetadataOptions: { HttpTokens: 'optional' } }),
  );
  expect(await attest(hello)).toMatchObject({ reason: 'IMDS_V1' });
  expect(await attest(hello, { imdsv2: false })).toMatchObject({ ok: true });
});

test('twenty at once cost one call', async () => {
  const hellos = await Promise.all(Array.from({ length: 20 }, async () => sayHello(await launch())));
  const before = calls;
  const results = await Promise.all(hellos.map((hello) => attest(hello)));
  expect(results.filter(({ ok }) => ok)).toHaveLength(20);
  // STS answers one by one, so that some may come to the next call.
  expect(calls - before).toBeLessThanOrEqual(4);
});

import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEc2, type Ec2 } from '../../../src/ec2/client.ts';
import { describeInstances, findInstances } from '../../../src/ec2/describe.ts';
import { awsCode, ec2Error } from '../../../src/ec2/errors.ts';
import { launchInstances } from '../../../src/ec2/launch.ts';
import { terminateInstances } from '../../../src/ec2/terminate.ts';
import { IMAGE_ID, startTestEc2, type TestEc2 } from '../../infra/lab/ec2/kit.ts';

const NOBODY = 'i-00000000000000000';
const REQUEST = { region: 'eu-west-1', count: 1, imageId: IMAGE_ID, instanceType: 't3.micro' };

let lab: TestEc2;
let ec2: Ec2;
beforeAll(async () => {
  lab = await startTestEc2({ capacity: 600 });
});
afterAll(() => lab.close());
beforeEach(() => {
  // What the environment says must not win over the file that the config names.
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAFROMTHEENVIRONMENT');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
  ec2 = open({});
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.faults.clear();
  ec2.close();
});

function open(more: object): Ec2 {
  const endpoint = `http://127.0.0.1:${lab.apiPort}`;
  return createEc2({ endpoint, credentialsFile: lab.credentialsPath, maxAttempts: 1, ...more });
}

describe('launching', () => {
  test('gives instances with IMDSv2 only, tags and user data', async () => {
    const tags = { 'muster:group': 'web', Name: 'web 1' };
    const request = {
      ...REQUEST,
      count: 2,
      tags,
      userData: '#cloud-config\n',
      zone: 'eu-west-1b',
      profile: 'web',
    };
    const instances = await launchInstances(ec2, request);
    expect(instances).toHaveLength(2);
    expect(instances[0]).toMatchObject({
      accountId: '123456789012',
      region: 'eu-west-1',
      zone: 'eu-west-1b',
      tags,
    });
    const { spec } = lab.instances().find(({ id }) => id === instances[0]?.id) ?? {};
    expect(spec?.userData?.toString()).toBe('#cloud-config\n');
    expect(spec?.metadataOptions).toMatchObject({ httpTokens: 'required', instanceMetadataTags: 'enabled' });
    expect(spec?.profileArn).toBe('arn:aws:iam::123456789012:instance-profile/web');
  });

  test('happens once for one client token, also when an answer was lost', async () => {
    const request = { ...REQUEST, clientToken: 'muster-run-1' };
    const [first] = await launchInstances(ec2, request);
    const [again] = await launchInstances(ec2, request);
    expect(again?.id).toBe(first?.id);
  });
});

describe('describing', () => {
  test('finds those that EC2 knows and names the others, malformed ones too', async () => {
    const [instance] = await launchInstances(ec2, REQUEST);
    const id = instance?.id ?? '';
    const { found, missing } = await describeInstances(ec2, 'eu-west-1', [NOBODY, id, 'web-1']);
    expect(missing).toEqual([NOBODY, 'web-1']);
    expect(found.get(id)).toMatchObject({ id, imageId: IMAGE_ID, httpTokens: 'required' });
    const { launchedAtMs, rootAttachedAtMs, cardAttachedAtMs } = found.get(id) ?? {};
    expect([rootAttachedAtMs, cardAttachedAtMs]).toEqual([launchedAtMs, launchedAtMs]);
  });

  test('takes more ids than EC2 takes in one call', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `i-${String(index).padStart(17, '0')}`);
    const { missing } = await describeInstances(ec2, 'eu-west-1', ids);
    expect(missing).toHaveLength(450);
  });

  test('shows an instance as missing while EC2 does not show it', async () => {
    lab.faults.set({ hide_new_s: 60 });
    const [instance] = await launchInstances(ec2, { ...REQUEST, region: 'sa-east-1' });
    const { missing } = await describeInstances(ec2, 'sa-east-1', [instance?.id ?? '']);
    expect(missing).toEqual([instance?.id]);
  });

  test('finds by filter', async () => {
    await launchInstances(ec2, { ...REQUEST, region: 'us-west-2', count: 3, tags: { role: 'db' } });
    const filters = [{ Name: 'tag:role', Values: ['db'] }];
    expect(await findInstances(ec2, 'us-west-2', filters)).toHaveLength(3);
  });
});

describe('terminating', () => {
  test('takes all that exist, and can be repeated', async () => {
    const [instance] = await launchInstances(ec2, REQUEST);
    const id = instance?.id ?? '';
    expect(await terminateInstances(ec2, 'eu-west-1', [NOBODY, id])).toEqual([NOBODY]);
    expect(await terminateInstances(ec2, 'eu-west-1', [id])).toEqual([]);
    const { found } = await describeInstances(ec2, 'eu-west-1', [id]);
    expect(['shutting-down', 'terminated']).toContain(found.get(id)?.state);
    expect(await terminateInstances(ec2, 'eu-west-1', [])).toEqual([]);
  });
});

describe('errors', () => {
  test("a refusal carries AWS's code", async () => {
    const error = await launchInstances(ec2, { ...REQUEST, imageId: 'ami-00000000000000000' }).catch(
      (each) => each,
    );
    expect(error).toMatchObject({ code: 'EC2_REFUSED', retryable: false });
    expect(error.message).toMatch(/^launch instances in eu-west-1: InvalidAMIID\.NotFound: The image id/);
    expect(awsCode(error)).toBe('InvalidAMIID.NotFound');
  });

  test.each([
    ['EC2_THROTTLED', { throttle: 1 }],
    ['EC2_UNREACHABLE', { fail_html: 1 }],
    ['EC2_UNREACHABLE', { fail_internal: 1 }],
    ['EC2_UNREACHABLE', { unreachable: true }],
    ['EC2_REFUSED', { deny: ['DescribeInstances'] }],
  ])('%s for %j', async (code, faults) => {
    lab.faults.set(faults);
    await expect(describeInstances(ec2, 'eu-west-1', [NOBODY])).rejects.toMatchObject({ code });
  });

  test('throttling is tried again first', async () => {
    lab.faults.set({ throttle: 1 });
    const patient = open({ maxAttempts: 3 });
    await describeInstances(patient, 'eu-west-1', [NOBODY]);
    patient.close();
  });

  test('an answer that does not come in time is EC2_UNREACHABLE', async () => {
    lab.faults.set({ latency_ms: 2000 });
    const hasty = open({ requestTimeoutS: 0.1 });
    await expect(describeInstances(hasty, 'eu-west-1', [NOBODY])).rejects.toMatchObject({
      code: 'EC2_UNREACHABLE',
    });
    hasty.close();
  });

  test('nobody listening is EC2_UNREACHABLE', async () => {
    const nowhere = open({ endpoint: 'http://127.0.0.1:1' });
    await expect(describeInstances(nowhere, 'eu-west-1', [NOBODY])).rejects.toMatchObject({
      code: 'EC2_UNREACHABLE',
    });
    nowhere.close();
  });

  test('a credentials file that is not there is CONFIG_INVALID', async () => {
    const lost = open({ credentialsFile: '/nowhere/credentials' });
    await expect(describeInstances(lost, 'eu-west-1', [NOBODY])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    lost.close();
  });

  test('so is one without keys', async () => {
    const empty = open({ credentialsFile: fileURLToPath(import.meta.url) });
    await expect(describeInstances(empty, 'eu-west-1', [NOBODY])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    empty.close();
  });

  test('want of capacity is a refusal, though it comes as 500', () => {
    const error = Object.assign(new Error('no room'), {
      name: 'InsufficientInstanceCapacity',
      $metadata: { httpStatusCode: 500 },
    });
    expect(ec2Error(error, 'launch')).toMatchObject({ code: 'EC2_REFUSED' });
  });
});

import { stat } from 'node:fs/promises';
import { DescribeInstancesCommand, DescribeVpcsCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { IMAGE_ID, readCredentials, startTestEc2, type TestEc2 } from './kit.ts';

let ec2: TestEc2;
beforeAll(async () => {
  ec2 = await startTestEc2();
});
afterEach(() => ec2.faults.clear());
afterAll(() => ec2.close());

const list = new DescribeInstancesCommand({});

describe('credentials', () => {
  test('lie in a file that only its owner reads', async () => {
    expect((await stat(ec2.credentialsPath)).mode & 0o777).toBe(0o600);
  });

  test('of another are refused', async () => {
    const credentials = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' };
    const refused = { name: 'AuthFailure', $metadata: { httpStatusCode: 401 } };
    await expect(ec2.client('eu-west-1', { credentials }).send(list)).rejects.toMatchObject(refused);
  });

  test('with a wrong secret are refused', async () => {
    const good = await readCredentials(ec2.credentialsPath);
    const credentials = { ...good, secretAccessKey: 'wrong' };
    await expect(ec2.client('eu-west-1', { credentials }).send(list)).rejects.toMatchObject({
      name: 'AuthFailure',
    });
  });

  test('are refused in a region that there is not', async () => {
    await expect(ec2.client('xx-north-9').send(list)).rejects.toMatchObject({ name: 'AuthFailure' });
  });

  test('are refused without a signature', async () => {
    const answer = await fetch(`http://127.0.0.1:${ec2.apiPort}/`, {
      method: 'POST',
      body: 'Action=DescribeInstances',
    });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toMatch(/^<\?xml.+<Code>AuthFailure<\/Code>.+<RequestID>[0-9a-f-]{36}</s);
  });

  test('are refused when the signature is older than five minutes', async () => {
    const client = ec2.client('eu-west-1', { systemClockOffset: -301_000 });
    await expect(client.send(list)).rejects.toMatchObject({ name: 'RequestExpired' });
  });
});

test('every answer has a request id', async () => {
  const answer = await ec2.client('eu-west-1').send(list);
  expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('an action that it has not is refused', async () => {
  const call = ec2.client('eu-west-1').send(new DescribeVpcsCommand({}));
  await expect(call).rejects.toMatchObject({ name: 'InvalidAction' });
});

describe('faults', () => {
  test('throttling goes by when the client tries again', async () => {
    ec2.faults.set({ throttle: 1 });
    await expect(ec2.client('eu-west-1').send(list)).rejects.toMatchObject({ name: 'RequestLimitExceeded' });
    ec2.faults.set({ throttle: 2 });
    const answer = await ec2.client('eu-west-1', { maxAttempts: 4 }).send(list);
    expect(answer.$metadata.attempts).toBe(3);
  });

  test('a page of HTML is an error too', async () => {
    ec2.faults.set({ fail_html: 1 });
    await expect(ec2.client('eu-west-1').send(list)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 500 },
    });
  });

  test('can be kept to one action', async () => {
    ec2.faults.set({ fail_internal: 1, only: ['RunInstances'] });
    await ec2.client('eu-west-1').send(list);
    const run = new RunInstancesCommand({ ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1 });
    await expect(ec2.client('eu-west-1').send(run)).rejects.toMatchObject({ name: 'InternalError' });
  });

  test('can forbid an action', async () => {
    ec2.faults.set({ deny: ['DescribeInstances'] });
    await expect(ec2.client('eu-west-1').send(list)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  });

  test('new instances can be unknown for a while', async () => {
    ec2.faults.set({ hide_new_s: 0.3 });
    const client = ec2.client('eu-central-1');
    const run = new RunInstancesCommand({ ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1 });
    const InstanceIds = [(await client.send(run)).Instances?.[0]?.InstanceId ?? ''];
    const look = () => client.send(new DescribeInstancesCommand({ InstanceIds }));
    await expect(look()).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
    expect((await client.send(list)).Reservations).toEqual([]);
    await vi.waitFor(look, { interval: 50 });
  });

  test('are switched over HTTP as well', async () => {
    const url = `http://127.0.0.1:${ec2.apiPort}/_lab/faults`;
    const set = await fetch(url, { method: 'POST', body: '{"throttle": 1}' });
    expect(await set.json()).toMatchObject({ throttle: 1 });
    await expect(ec2.client('eu-west-1').send(list)).rejects.toMatchObject({ name: 'RequestLimitExceeded' });
    expect((await fetch(url, { method: 'POST', body: '{"thrott": 1}' })).status).toBe(400);
    expect(await (await fetch(url, { method: 'DELETE' })).json()).toMatchObject({ throttle: 0 });
  });
});

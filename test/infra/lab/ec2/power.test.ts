import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeInstancesCommand,
  type EC2Client,
  GetConsoleOutputCommand,
  type Instance,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { IMAGE_ID, startTestEc2, type TestEc2 } from './kit.ts';

let stateDir: string;
let ec2: TestEc2;
let client: EC2Client;
let nowMs: number;

// One directory for all, so that the signing keys are made once only.
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'muster-power-'));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

beforeEach(async () => {
  nowMs = Date.now();
  ec2 = await startTestEc2({ stateDir, clock: { nowMs: () => nowMs, monotonicMs: () => nowMs } });
  client = ec2.client('eu-west-1');
});
afterEach(() => ec2.close());

async function launch(more: object = {}): Promise<string> {
  const input = { ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1, ...more };
  const answer = await client.send(new RunInstancesCommand(input));
  return answer.Instances?.[0]?.InstanceId ?? '';
}

async function look(id: string): Promise<Instance | undefined> {
  const answer = await client.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return answer.Reservations?.[0]?.Instances?.[0];
}

async function becomes(id: string, state: string): Promise<void> {
  await vi.waitFor(async () => expect((await look(id))?.State?.Name).toBe(state), { interval: 5 });
}

test('an instance is pending until its machine runs', async () => {
  const gate = Promise.withResolvers<void>();
  ec2.machines.gate = gate.promise;
  const id = await launch();
  expect((await look(id))?.State?.Name).toBe('pending');
  gate.resolve();
  await becomes(id, 'running');
});

test('stop and start keep address and disk, and give a later launch time even within one second', async () => {
  const id = await launch();
  await becomes(id, 'running');
  const before = await look(id);
  const answer = await client.send(new StopInstancesCommand({ InstanceIds: [id] }));
  expect(answer.StoppingInstances).toMatchObject([
    { InstanceId: id, PreviousState: { Name: 'running' }, CurrentState: { Name: 'stopping', Code: 64 } },
  ]);
  await becomes(id, 'stopped');
  expect((await look(id))?.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
  await client.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await becomes(id, 'running');
  const after = await look(id);
  expect(after?.PrivateIpAddress).toBe(before?.PrivateIpAddress);
  expect(after?.LaunchTime?.getTime()).toBeGreaterThan(before?.LaunchTime?.getTime() ?? 0);
  expect(ec2.machines.made.map(({ calls }) => calls)).toEqual([['on', 'off', 'on']]);
});

test('reboot keeps state and launch time', async () => {
  const id = await launch();
  await becomes(id, 'running');
  const before = await look(id);
  nowMs += 5000;
  await client.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await vi.waitFor(() => expect(ec2.machines.made[0]?.calls).toEqual(['on', 'off', 'on']));
  expect(await look(id)).toMatchObject({ State: { Name: 'running' }, LaunchTime: before?.LaunchTime });
});

test('terminated instances stay listed for an hour without an address, which another then gets', async () => {
  const id = await launch();
  const address = (await look(id))?.PrivateIpAddress;
  await client.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await becomes(id, 'terminated');
  expect((await look(id))?.PrivateIpAddress).toBeUndefined();
  expect(ec2.machines.made[0]?.calls.at(-1)).toBe('discard');
  expect((await look(await launch()))?.PrivateIpAddress).toBe(address);
  nowMs += 3_601_000;
  const later = ec2.client('eu-west-1', { systemClockOffset: 3_601_000 });
  const call = later.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  await expect(call).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
});

test('a name may come again after its end', async () => {
  const Tags = [{ Key: 'muster-lab:instance-id', Value: 'i-0123456789abcdef0' }];
  const more = { TagSpecifications: [{ ResourceType: 'instance', Tags }] };
  const id = await launch(more);
  await client.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await becomes(id, 'terminated');
  expect(await launch(more)).toBe(id);
  await becomes(id, 'running');
});

test('a machine that cannot start ends its launch', async () => {
  ec2.machines.powerOnError = new Error('no room');
  const id = await launch();
  await becomes(id, 'terminated');
  expect((await look(id))?.StateReason?.Code).toBe('Server.InternalError');
});

test('a machine that goes down by itself is stopped, or terminated if it was launched so', async () => {
  const stops = await launch();
  const ends = await launch({ InstanceInitiatedShutdownBehavior: 'terminate' });
  await becomes(stops, 'running');
  await becomes(ends, 'running');
  for (const { spec } of ec2.machines.made) spec.onDown();
  await becomes(stops, 'stopped');
  await becomes(ends, 'terminated');
  expect((await look(stops))?.StateReason?.Code).toBe('Client.InstanceInitiatedShutdown');
});

test('a wrong state refuses the whole call', async () => {
  const [ended, running] = [await launch(), await launch()];
  await client.send(new TerminateInstancesCommand({ InstanceIds: [ended] }));
  await becomes(ended, 'terminated');
  await becomes(running, 'running');
  const refused = { name: 'IncorrectInstanceState' };
  const InstanceIds = [running, ended];
  await expect(client.send(new StopInstancesCommand({ InstanceIds }))).rejects.toMatchObject(refused);
  await expect(client.send(new StartInstancesCommand({ InstanceIds }))).rejects.toMatchObject(refused);
  await expect(client.send(new RebootInstancesCommand({ InstanceIds }))).rejects.toMatchObject(refused);
  expect((await look(running))?.State?.Name).toBe('running');
  await client.send(new TerminateInstancesCommand({ InstanceIds }));
});

test('the console can be read', async () => {
  const InstanceId = await launch();
  const { Output = '' } = await client.send(new GetConsoleOutputCommand({ InstanceId }));
  expect(Buffer.from(Output, 'base64').toString()).toBe(`console of ${InstanceId}\n`);
});

test('closing terminates everything', async () => {
  await launch();
  await ec2.close();
  expect(ec2.machines.made[0]?.calls.at(-1)).toBe('discard');
});

test('a restart keeps credentials and signing keys, but no instance', async () => {
  await launch();
  const before = await readFile(join(stateDir, 'ec2', 'certs', 'eu-west-1.pem'), 'utf8');
  await ec2.close();
  const again = await startTestEc2({ stateDir, api: { host: '127.0.0.1', port: ec2.apiPort } });
  // The old client, with the old keys.
  expect((await client.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
  expect(await readFile(join(stateDir, 'ec2', 'certs', 'eu-west-1.pem'), 'utf8')).toBe(before);
  await again.close();
});

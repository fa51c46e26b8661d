import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRegistry } from '../../../src/controller/registry.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { enrolNodes, nodeNames, operatorConfig, registerNodes } from '../../kit/fleet.ts';
import { emulateFleet } from '../../kit/fleet-emulator.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { runMuster } from '../../kit/run-muster.ts';

const collectives = ['mcollective'];
const NODES = nodeNames(15);
let broker: TestBroker;
let redis: TestRedis;
let fleet: { stop(): Promise<void> };
let dir: string;
let config: string;

beforeAll(async () => {
  [broker, redis] = await Promise.all([startBroker({ collectives, operators: ['op'] }), startRedis()]);
  dir = await mkdtemp(join(tmpdir(), 'muster-many-'));
  const place = { broker, redis, collectives };
  fleet = await emulateFleet(await enrolNodes(place, NODES));
  await registerNodes(place, ['ghost0001']);
  await createRegistry(await redis.door('fleet'), systemClock).forget('node0015');
  config = await operatorConfig(place, dir, 'op');
});
afterAll(async () => {
  await fleet?.stop();
  await Promise.all([broker?.stop(), redis?.stop(), rm(dir, { recursive: true, force: true })]);
});

const rpc = async (...args: string[]) => {
  const { code, stdout } = await runMuster(config, ['rpc', 'rpcutil', 'ping', '--json', '-t', '4', ...args])
    .end;
  return { code, ...JSON.parse(stdout) };
};

it('many nodes hear one message; who is silent is named, and who answers unasked is told apart', async () => {
  const { code, replies, request_stats } = await rpc();
  expect(code).toBe(2);
  expect(replies.map(({ sender }: { sender: string }) => sender)).toEqual(NODES);
  expect(request_stats).toMatchObject({
    ...{ no_responses: ['ghost0001'], unexpected_responses: ['node0015'], discovered: 15, responses: 15 },
  });
  expect(request_stats).not.toHaveProperty('requestids');
});

it('an inventory that fails ends as any request that fails', async () => {
  // Nodes that are played have no host to tell of.
  const { code, stdout, stderr } = await runMuster(config, ['inventory', 'node0001', '--json']).end;
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error.code).toBe('RPC_FAILED');
  expect(stderr).toMatch(/^muster: RPC_FAILED: node0001: /);
});

it('when somebody chose them, the message names them and nobody else answers', async () => {
  const { code, request_stats } = await rpc('-F', 'a!=b', '--limit', '12', '--dm', 'broadcast');
  expect([code, request_stats.ok]).toEqual([1, 0]);
  const chosen = await rpc('--limit', '80%');
  expect(chosen.request_stats).toMatchObject({
    unexpected_responses: [],
    no_responses: ['ghost0001'],
    responses: 11,
  });
});

it('-v gives the statistics of a request on standard error, whatever the command', async () => {
  const { code, stdout, stderr } = await runMuster(config, ['ping', '-v', '--json', '-I', '/^node000[12]/'])
    .end;
  expect(code).toBe(0);
  expect(JSON.parse(stdout).replies).toHaveLength(2);
  const [title, ...figures] = stderr.trim().split('\n');
  expect(title).toBe('---- rpcutil#ping call stats ----');
  expect(figures.map((line) => line.replace(/\b[0-9a-f]{32}\b/, 'ID'))).toEqual([
    '           Nodes: 2 / 2',
    '     Pass / Fail: 2 / 0',
    expect.stringContaining('Start Time: '),
    expect.stringContaining('Discovery Time: '),
    expect.stringContaining('Agent Time: '),
    expect.stringContaining('Total Time: '),
    'Discovery Method: registry',
    '      Request ID: ID and 1 more',
  ]);
});

it.each([
  ['ping -T nowhere --dm broadcast', "there is no collective 'nowhere', or you may not ask anybody in it"],
  ['ping -T nowhere -I node0001', "there is no collective 'nowhere', or you may not ask anybody in it"],
  ['rpc --listen x -T nowhere', "there is no collective 'nowhere', or you may not ask anybody in it"],
  ['ping -T no/name', "--target is 'no/name'; expected lower case letters"],
])('a strange collective is a wrong argument: muster %s', async (line, problem) => {
  const { code, stderr } = await runMuster(config, [...line.split(' '), '-t', '4']).end;
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^muster: USAGE: ${problem}`, 'm'));
});

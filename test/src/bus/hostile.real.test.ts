import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import type { RpcClient } from '../../../src/bus/client.ts';
import type { RpcServer } from '../../../src/bus/server-types.ts';
import type { ActionRequest } from '../../../src/core/agent.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createLog } from '../../../src/core/create-log.ts';
import { Filter } from '../../../src/core/messages.ts';
import { sha256Hex } from '../../../src/trust/keys.ts';
import { fileReplayCache } from '../../../src/trust/replay-file.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { clientOf, edited, probe, serveProbe } from './rpc-kit.ts';

/** On a real RabbitMQ, somebody who may do everything at the broker: read all, and send anything anywhere. */
let broker: TestBroker;
let tap: Bus;
let nodeBus: Bus;
let callerBus: Bus;
let client: RpcClient;
let server: RpcServer;
let calls: ActionRequest[];
const seen: Buffer[] = [];
const reasons: string[] = [];
const dir = mkdtempSync(join(tmpdir(), 'muster-hostile-'));
const replayFile = join(dir, 'replay');
const soon = { ttlS: 10, deadlineS: 10 };
const exchange = 'provisioning.request';
const log = createLog({
  level: 'warn',
  name: 'node',
  stream: new Writable({
    write(chunk: Buffer, _, done) {
      reasons.push(JSON.parse(chunk.toString()).reason);
      done();
    },
  }),
});

async function boot(): Promise<() => Promise<void>> {
  const replay = fileReplayCache(replayFile);
  ({ server, calls } = await serveProbe(nodeBus, 'web1', { replay, log }));
  return async () => {
    await server.stop();
    replay.close();
  };
}
let stopNode: () => Promise<void>;

beforeAll(async () => {
  broker = await startBroker({ collectives: ['provisioning'], controllers: ['ctl'] });
  await broker.admin.addNodeUser('web1', ['provisioning']);
  await broker.ctl('add_user', 'tap', 'a password that nobody uses');
  await broker.ctl('set_permissions', '-p', broker.vhost, 'tap', '.*', '.*', '.*');
  [tap, nodeBus, callerBus] = await Promise.all([
    broker.busOf('tap', 'operator'),
    broker.busOf('web1', 'node'),
    broker.busOf('ctl', 'controller'),
  ]);
  client = await clientOf(callerBus, 'ctl', 'controller');
  stopNode = await boot();
  await tap.subscribe({ exchange, key: '#' }, (body) => void seen.push(body), { ack: 'auto' });
});
afterAll(async () => {
  await stopNode?.();
  await Promise.all([tap, nodeBus, callerBus].map((bus) => bus?.close()));
  await broker?.stop();
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  reasons.length = 0;
  seen.length = 0;
  calls.length = 0;
});

const call = (text: string, timeoutS = 10) =>
  client.call('provisioning', 'web1', probe, 'echo', { text }, { timeoutS });

/** A genuine request, as the tap saw it on its way. */
async function captured(): Promise<Buffer> {
  await call('genuine');
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  return seen[0] ?? Buffer.alloc(0);
}

/** Sends these bytes as the tap, and a genuine call behind; gives why the node refused what came before it. */
async function refused(key: string, body: Buffer): Promise<string[]> {
  const before = calls.length;
  await tap.publish({ exchange, key }, body, soon);
  await expect.poll(() => reasons.length, { timeout: 10_000 }).toBeGreaterThan(0);
  await call('behind');
  expect(calls.length).toBe(before + 1);
  return reasons.map((reason) => reason.split(':')[0] ?? '');
}

function payloadOf(message: Buffer): Record<string, unknown> {
  return JSON.parse(Buffer.from(message.toString().split('.')[1] ?? '', 'base64url').toString());
}

describe('a node on a broker that is against it refuses', () => {
  it('a captured request, word for word', async () => {
    expect(await refused('node.web1', await captured())).toEqual(['REPLAYED']);
  });

  it('a captured request after its daemon was restarted, too', async () => {
    const body = await captured();
    await stopNode();
    stopNode = await boot();
    expect(await refused('node.web1', body)).toEqual(['REPLAYED']);
  });

  it('a request to one node that is sent to all', async () => {
    expect(await refused('all', await captured())).toEqual(['AUDIENCE']);
  });

  it.each([
    ['filter', { filter: Filter.parse({ identity: ['web1', 'web2'] }) }],
    ['body', { data: { text: 'changed' } }],
    ['action', { action: 'refuse' }],
    ['id, to pass for a new one', { id: 'f'.repeat(32) }],
    ['time, to live longer', { ttl_s: 3600 }],
  ])('a captured request with another %s', async (_, changes) => {
    expect(await refused('node.web1', edited(await captured(), changes))).toEqual(['SIGNATURE']);
  });

  it('an action that is named like a method, and says so', async () => {
    const { sealer } = await (await testPki()).holder('ctl', 'controller');
    const replies: unknown[] = [];
    const key = 'op.ctl.fedcba9876543210.web1';
    const hear = (body: Buffer) => void replies.push(payloadOf(body).code);
    await tap.subscribe({ exchange: 'provisioning.reply', key }, hear, { ack: 'auto' });
    const genuine = payloadOf(await captured());
    for (const [index, action] of ['constructor', 'valueof', 'apply'].entries()) {
      const changes = { action, id: `${index}`.repeat(32), session: 'fedcba9876543210' };
      await tap.publish({ exchange, key: 'node.web1' }, sealer.seal({ ...genuine, ...changes }), soon);
    }
    await expect.poll(() => replies, { timeout: 10_000 }).toEqual(Array(3).fill('RPC_UNKNOWN_ACTION'));
  });
});

describe('a caller on a broker that is against it does not believe', () => {
  it('a reply that another node signed, in the place of the one that was asked', async () => {
    const web2 = (await (await testPki()).holder('web2', 'node')).sealer;
    const asked = client.call('provisioning', 'web9', probe, 'echo', { text: 'x' }, { timeoutS: 3 });
    const outcome = asked.catch((error: unknown) => error);
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    const body = seen[0] ?? Buffer.alloc(0);
    const { id, session } = payloadOf(body);
    const reply = {
      ...{ v: 1, typ: 'reply', iat_ms: systemClock.nowMs(), ttl_s: 60, re: id, re_sha256: sha256Hex(body) },
      ...{ agent: 'probe', action: 'echo', status: 0, message: 'OK', data: { text: 'forged' } },
    };
    const target = { exchange: 'provisioning.reply', key: `op.ctl.${session}.web9` };
    await tap.publish(target, web2.seal(reply), soon);
    expect(await outcome).toMatchObject({ code: 'NODE_UNREACHABLE' });
  });
});

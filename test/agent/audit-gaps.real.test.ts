import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import { consumeEvents } from '../../src/bus/events.ts';
import { type AuditStore, createAuditStore } from '../../src/controller/audit.ts';
import { createAuditGaps } from '../../src/controller/audit-gaps.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { Filter } from '../../src/core/messages.ts';
import { brokerNames } from '../../src/core/names.ts';
import { startBroker, type TestBroker } from '../kit/broker.ts';
import { makePki, testPki } from '../kit/pki.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { testConfig } from '../kit/run-fakes.ts';
import { clientOf } from '../src/bus/rpc-kit.ts';
import { callerOf, startAuditedNode } from './audit-scene.ts';
import { eventually } from './temp.ts';

const NODE = 'puppet-1';
let broker: TestBroker;
let redis: TestRedis;

beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['mcollective'], controllers: ['ctl'], operators: ['alice'] }),
    startRedis(),
  ]);
  await broker.admin.addMasterUser(NODE, ['mcollective']);
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

/** A controller that hears events; while `loses` is set, audit lines go lost as after ten minutes without a controller. */
async function controllerThat(line: { loses: boolean }): Promise<AuditStore> {
  const store = createAuditStore(await redis.door(), testConfig());
  const bus = await broker.busOf('ctl', 'controller');
  const { opener } = await testPki();
  const rpc = await clientOf(bus, 'ctl', 'controller');
  const gaps = createAuditGaps({ audit: store, rpc, clock: systemClock, log: silentLog, waitMs: 50 });
  onTestFinished(async () => {
    gaps.close();
    await bus.close();
  });
  await consumeEvents({ bus, opener, clock: systemClock, log: silentLog }, async (event, sender) => {
    if (event.kind === 'audit' && !line.loses) await store.keep(sender.name, event.lines);
    if (event.kind === 'registration' && event.audit !== undefined)
      gaps.registered(sender.name, event.collectives, event.audit);
  });
  return store;
}

const all = { sinceMs: 0, limit: 1000, node: NODE };

test('lines that went lost on their way are seen, asked for and sent again by the node', async () => {
  const line = { loses: true };
  const store = await controllerThat(line);
  const { auditFile } = await startAuditedNode(broker, NODE, {}, { registration_s: 1 });
  const alice = await callerOf(broker, NODE, 'alice', 'operator');
  const ping = () => alice.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null);
  await eventually(ping);
  for (let count = 0; count < 5; count++) await ping();
  const written = (await readFile(auditFile, 'utf8')).trim().split('\n').length;
  expect(written).toBeGreaterThanOrEqual(12);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(await store.find(all)).toEqual([]);
  line.loses = false;
  const chain = await eventually(async () => {
    const [found] = await store.chains();
    return found !== undefined && found.seq >= written && found.missing.length === 0 ? found : null;
  }, 30_000);
  expect(chain).toMatchObject({ name: NODE, breaks: [] });
  const numbers = [...(await store.linesOf(NODE)).keys()].sort((a, b) => a - b);
  expect(numbers.slice(0, written)).toEqual(Array.from({ length: written }, (_, index) => index + 1));
});

test('requests that are refused before the policy are in the audit of the node and of the controllers', async () => {
  const store = await controllerThat({ loses: false });
  await startAuditedNode(broker, NODE, {}, { registration_s: 1 });
  const alice = await callerOf(broker, NODE, 'alice', 'operator');
  await eventually(() => alice.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null));
  const bus = await broker.busOf('ctl', 'controller');
  onTestFinished(() => bus.close());
  const [strangers, ours] = await Promise.all([makePki(), testPki()]);
  const [forger, ctl] = await Promise.all([
    strangers.holder('alice', 'operator'),
    ours.holder('ctl', 'controller'),
  ]);
  const request = {
    ...{ v: 1, typ: 'request', iat_ms: Date.now(), ttl_s: 30, id: 'a'.repeat(32), session: 'b'.repeat(16) },
    ...{ aud: 'node:somebody-else', collective: 'mcollective', agent: 'rpcutil', action: 'ping', data: {} },
    filter: Filter.parse({}),
  };
  const to = { exchange: brokerNames.requestExchange('mcollective'), key: brokerNames.nodeKey(NODE) };
  for (let count = 0; count < 50; count++)
    await bus.publish(to, forger.sealer.seal(request), { ttlS: 30, deadlineS: 5 });
  await bus.publish(to, ctl.sealer.seal(request), { ttlS: 30, deadlineS: 5 });
  const refused = await eventually(async () => {
    const found = (await store.find({ ...all, verdict: 'deny' })).map(({ decision }) => decision);
    return found.length >= 2 ? found : null;
  }, 20_000);
  // Fifty forged ones are one line: the others of their minute are counted when it ends.
  expect(refused).toHaveLength(2);
  expect(refused).toMatchObject([
    { kind: 'refused', verdict: 'refused', sender: null, count: 1, aud: `node:${NODE}` },
    { kind: 'refused', reason: 'AUDIENCE', sender: 'ctl', count: 1 },
  ]);
  expect(JSON.stringify(refused)).not.toContain('somebody-else');
});

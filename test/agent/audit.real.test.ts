import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { puppetca } from '../../agent/agents/puppetca.ddl.ts';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import { consumeEvents } from '../../src/bus/events.ts';
import { type AuditStore, createAuditStore } from '../../src/controller/audit.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { verifyAudit } from '../../src/trust/audit/verify.ts';
import { startBroker, type TestBroker } from '../kit/broker.ts';
import { testPki } from '../kit/pki.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { testConfig } from '../kit/run-fakes.ts';
import { callerOf, startAuditedNode } from './audit-scene.ts';
import { eventually, tempDir } from './temp.ts';

const NODE = 'puppet-1';
const PREFIX = 'audited';
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const all = { sinceMs: 0, limit: 1000 };
let broker: TestBroker;
let redis: TestRedis;
let store: AuditStore;

beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['mcollective'], controllers: ['ctl'], operators: ['alice', 'bob'] }),
    startRedis(),
  ]);
  await broker.admin.addMasterUser(NODE, ['mcollective']);
  store = createAuditStore(await redis.door(PREFIX), testConfig());
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

/** A controller's ear for events. */
async function gather() {
  const bus = await broker.busOf('ctl', 'controller');
  const { opener } = await testPki();
  await consumeEvents({ bus, opener, clock: systemClock, log: silentLog }, async (event, sender) => {
    if (event.kind === 'audit') await store.keep(sender.name, event.lines);
  });
  return bus;
}

const startNode = (policies: Readonly<Record<string, string>> = {}) =>
  startAuditedNode(broker, NODE, policies);
const caller = (name: string, role: 'operator' | 'controller') => callerOf(broker, NODE, name, role);

describe('over a real broker', () => {
  test('an operator who is denied is told the line, and the controllers have it in their audit', async () => {
    const bus = await gather();
    onTestFinished(() => bus.close());
    const { auditFile } = await startNode();
    const alice = await caller('alice', 'operator');
    await eventually(() => alice.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null));
    const sign = { certname: 'web1', spki_sha256: 'a'.repeat(64) };
    await expect(alice.call(puppetca, 'sign', sign)).rejects.toMatchObject({
      code: 'RPC_DENIED',
      message: expect.stringContaining('built-in/puppetca.policy:3'),
    });
    const [denied] = await eventually(async () => {
      const found = await store.find({ ...all, verdict: 'deny' });
      return found.length > 0 ? found : null;
    });
    expect(denied).toMatchObject({
      node: NODE,
      decision: {
        caller: 'cert=alice',
        agent: 'puppetca',
        action: 'sign',
        policy: 'built-in/puppetca.policy:3',
      },
      outcome: null,
    });
    const pings = await eventually(async () => {
      const found = await store.find({ ...all, caller: 'alice', agent: 'rpcutil#ping', node: NODE });
      return found.some(({ outcome }) => outcome !== null) ? found : null;
    });
    expect(pings[0]).toMatchObject({ decision: { verdict: 'allow' }, outcome: { status: 0 } });
    expect(await store.find({ ...all, caller: 'bob' })).toEqual([]);
    const text = await readFile(auditFile, 'utf8');
    expect(verifyAudit([{ name: 'audit', text }]).problems).toEqual([]);
  });

  test("a site's policy decides, explains itself, and a name that only contains an allowed one is denied", async () => {
    await startNode({
      'rpcutil.policy': 'allow\tcert=ali role=controller\t*\t*\t*\nallow\tcert=bob\tping\t*\t*\n',
    });
    const [alice, bob, ctl] = await Promise.all([
      caller('alice', 'operator'),
      caller('bob', 'operator'),
      caller('ctl', 'controller'),
    ]);
    await eventually(() => bob.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null));
    await expect(alice.call(rpcutil, 'ping', {})).rejects.toMatchObject({ code: 'RPC_DENIED' });
    await expect(bob.call(rpcutil, 'inventory', {})).rejects.toMatchObject({ code: 'RPC_DENIED' });
    const question = { caller: 'cert=bob', agent: 'rpcutil', action: 'ping' };
    expect(await ctl.call(rpcutil, 'policy_explain', question)).toMatchObject({
      verdict: 'allow',
      file: expect.stringMatching(/rpcutil\.policy$/),
      line: 2,
      known: true,
    });
  });

  test('what happened while the broker was away reaches the controllers afterwards', async () => {
    const { auditFile } = await startNode();
    const bob = await caller('bob', 'operator');
    const ping = () => bob.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null);
    await eventually(ping);
    const before = (await readFile(auditFile, 'utf8')).split('\n').length;
    await broker.restart();
    await eventually(ping, 60_000);
    await copyFile(auditFile, `${auditFile}.copy`);
    const wanted = (await readFile(`${auditFile}.copy`, 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"kind":"decision"'))
      .map((line) => (JSON.parse(line) as { request_id: string }).request_id);
    expect(wanted.length).toBeGreaterThan(Math.floor(before / 2));
    const bus = await gather();
    onTestFinished(() => bus.close());
    await eventually(async () => {
      const ids = (await store.find(all)).map(
        ({ decision }) => 'request_id' in decision && decision.request_id,
      );
      const found = new Set<unknown>(ids);
      return wanted.every((id) => found.has(id));
    }, 60_000);
  });
});

/** A command of alice, the operator. */
async function muster(...args: string[]): Promise<{ code: unknown; stdout: string }> {
  const dir = await tempDir();
  const { ca } = await testPki();
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  const trust = { dir, ...(await ca.issueToFiles({ name: 'alice', role: 'operator', days: 1, dir })) };
  const { host, port, vhost, management } = broker;
  const at = {
    host,
    port,
    vhost,
    management_url: management.url,
    management_password_file: join(dir, 'none'),
  };
  const config = { broker: at, trust, redis: { url: redis.url, prefix: PREFIX } };
  await writeFile(join(dir, 'muster.yaml'), JSON.stringify(config));
  const env = { NO_COLOR: '1', MUSTER_CONFIG: join(dir, 'muster.yaml') };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, stdout }),
    );
  });
}

test('muster policy explain asks the node, and muster audit shows who was denied', async () => {
  const bus = await gather();
  onTestFinished(() => bus.close());
  await startNode();
  const alice = await caller('alice', 'operator');
  await eventually(() => alice.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null));
  const why = await muster('policy', 'explain', 'alice', 'puppetca#sign', NODE);
  expect(why).toEqual({
    code: 0,
    stdout: `cert=alice (operator) denied: puppetca#sign on ${NODE}\n  built-in/puppetca.policy:3: policy default deny\n  no line fits: the default\n`,
  });
  await expect(alice.call(puppetca, 'clean', { certname: 'x' })).rejects.toMatchObject({
    code: 'RPC_DENIED',
  });
  const query = ['audit', '--since', '10m', '--denied', '--agent', 'puppetca#clean', '--node', NODE];
  await eventually(async () => (await muster(...query)).stdout.includes('puppetca#clean'), 20_000);
  const { stdout } = await muster(...query, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    audit: [{ node: NODE, decision: { verdict: 'deny', role: 'operator' } }],
  });
});

test('lines that a node made up are not kept, or cannot pass for those of another', async () => {
  await store.keep('liar', ['{}', 'nonsense', '{"kind":"decision","hash":"x"}']);
  expect(await store.find({ ...all, node: 'liar' })).toEqual([]);
});

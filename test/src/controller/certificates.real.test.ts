import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import { adminApi } from '../../../src/bus/admin-api.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import { createRpcClient, type RpcClient } from '../../../src/bus/client.ts';
import { createAuditStore } from '../../../src/controller/audit.ts';
import { createClaims } from '../../../src/controller/claims.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import { createRevokedStore, decide as decideIn, revokeName } from '../../../src/controller/revoked-store.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Sealer } from '../../../src/core/seal.ts';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { lifeDays } from '../../../src/trust/expiry.ts';
import { eventually } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRealController } from '../../kit/collective.ts';
import { daemonConfig, startDaemon } from '../../kit/daemon.ts';
import { memoryBook, testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testConfig } from '../../kit/run-fakes.ts';

let broker: TestBroker;
let redis: TestRedis;
let controller: Awaited<ReturnType<typeof startRealController>>;
let door: RedisDoor;
let asker: Bus;
let rpc: RpcClient;

const COLLECTIVES = ['provisioning', 'mcollective'];
/** 26 s, and made five minutes ago: a renewal is always due. */
const SHORT_DAYS = 0.0003;

beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({
      collectives: COLLECTIVES,
      controllers: ['controller', 'asker'],
      operators: ['alice'],
    }),
    startRedis(),
  ]);
  controller = await startRealController({ broker, redis }, SHORT_DAYS);
  door = await redis.door('controller');
  asker = await broker.busOf('asker', 'controller');
  rpc = await clientOf(await sealerOf('asker', 'controller'), asker);
});
afterAll(async () => {
  await asker?.close();
  await controller?.stop();
  await Promise.all([broker?.stop(), redis?.stop()]);
});

async function sealerOf(name: string, role: 'controller' | 'operator'): Promise<Sealer> {
  return (await (await testPki()).holder(name, role)).sealer;
}

async function clientOf(sealer: Sealer, bus: Bus): Promise<RpcClient> {
  const { opener } = await testPki();
  return createRpcClient({ bus, sealer, opener, log: silentLog, clock: systemClock });
}

const ping = (identity: string, client = rpc, timeoutS = 5) =>
  client.node('provisioning', identity, {}).call(rpcutil, 'ping', {}, { timeoutS });
const joined = (identity: string) =>
  eventually(
    () =>
      ping(identity, rpc, 1).then(
        () => true,
        () => false,
      ),
    30_000,
  );

/** Sockets on the broker that are logged in as this user. */
async function connectionsOf(user: string): Promise<string[]> {
  const call = adminApi(broker.management);
  const all = (await call('GET', ['connections'])) as { user: string; name: string }[];
  return all.filter((one) => one.user === user).map((one) => one.name);
}

/** An operator on another host than the controller: only Redis is common to both. */
async function decide(verb: 'revoke' | 'reinstate', name: string): Promise<void> {
  const elsewhere = memoryBook();
  const store = createRevokedStore(door, elsewhere);
  await store.sync();
  await revokeName(
    { book: elsewhere, store, clock: systemClock },
    { name, verb, reason: 'its disk was read' },
  );
}

describe('a provisioned node whose certificate is revoked', () => {
  test('is off the bus within 5 s, is refused with its reason when it says hello again, and comes back only by a decision', async () => {
    const id = 'dc-revoked';
    const config = await daemonConfig(broker, { instance_id: id });
    const first = startDaemon(config);
    await joined(id);
    await eventually(async () => (await connectionsOf(id)).length > 0, 20_000);
    const refusals = createClaims(door);
    expect((await refusals.refusals()).REVOKED).toBeUndefined();

    await decide('revoke', id);
    await eventually(async () => !(await broker.ctl('list_users')).includes(id), 5000);
    await expect(ping(id, rpc, 1)).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
    await eventually(async () => (await connectionsOf(id)).length === 0, 10_000);

    await eventually(async () => ((await refusals.refusals()).REVOKED ?? 0) > 0, 20_000);
    expect(await broker.ctl('list_users')).not.toContain(id);
    const stranger = await broker.busOf(id, 'node');
    await expect(stranger.ready({ timeoutS: 10, giveUpOnRefusal: true })).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
    });
    await stranger.close();
    await first.stop();

    await decide('reinstate', id);
    await eventually(async () => (await testPki()).ca.book.revocations().bars(id) === false, 5000);
    startDaemon(config);
    await joined(id);
  });
});

test('a revoked operator is cut off, and refused by every node even if the broker lets her in again', async () => {
  const id = 'dc-refuses';
  const config = await daemonConfig(broker, { instance_id: id });
  const first = startDaemon(config);
  await joined(id);
  const cut = Promise.withResolvers<void>();
  const aliceBus = await broker.busOf('alice', 'operator', {
    onState: (state, why) => state === 'connecting' && why !== null && cut.resolve(),
  });
  const alice = await clientOf(await sealerOf('alice', 'operator'), aliceBus);
  expect(await ping(id, alice)).toHaveProperty('pong');

  await decide('revoke', 'alice');
  await cut.promise;
  const names = { collectives: [...COLLECTIVES], controllers: [], operators: ['alice'] };
  await broker.admin.setupBroker({ ...names, hello: { user: 'hello', password: 'hello' } });
  await aliceBus.ready({ timeoutS: 30 });
  const refused = () =>
    ping(id, alice, 1).then(
      () => false,
      () => true,
    );
  await eventually(refused, 20_000);
  await joined(id);
  // It knows that after a restart too, before any controller has spoken to it.
  await first.stop();
  startDaemon(config);
  await joined(id);
  expect(await refused()).toBe(true);
  await aliceBus.close();
});

test('certificates are renewed under traffic, on new connections, and no request is lost', async () => {
  const id = 'dc-renewed';
  const { ca } = await testPki();
  startDaemon(await daemonConfig(broker, { instance_id: id }));
  await joined(id);
  const issued = () => ca.book.issued().filter((entry) => entry.name === id);
  const [before] = await connectionsOf(id);
  const begun = issued().length;
  const asked: Promise<unknown>[] = [];
  const seen = new Set<string>(before === undefined ? [] : [before]);
  while (issued().length < begun + 3 || seen.size < 3) {
    for (let i = 0; i < 10; i += 1) asked.push(ping(id, rpc, 20));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const name of await connectionsOf(id)) seen.add(name);
  }
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(new Set(issued().map(({ key }) => key)).size).toBe(1);
});

test("a master's certificate is renewed by its daemon, which goes on with it after a restart, and not once it is revoked", async () => {
  const id = 'puppet-1';
  const { ca } = await testPki();
  const { keyPem, publicKeyPem } = await newKeyPair();
  const given = ca.issue({ name: id, role: 'master', publicKeyPem, days: SHORT_DAYS });
  await broker.admin.addMasterUser(id, ['mcollective']);
  const common = await daemonConfig(broker);
  const { dir } = common.facts;
  const [certificate, key] = [`${dir}/given.pem`, `${dir}/given.key`];
  await mkdir(dir, { recursive: true });
  await Promise.all([writeFile(certificate, given), writeFile(key, keyPem)]);
  const { group: _group, token: _token, ...rest } = common;
  const config = { ...rest, collectives: ['mcollective'], trust: { ...common.trust, certificate, key } };
  const pings = () =>
    rpc
      .node('mcollective', id, {})
      .call(rpcutil, 'ping', {}, { timeoutS: 1 })
      .then(
        () => true,
        () => false,
      );
  const issued = () => ca.book.issued().filter(({ name }) => name === id);
  const first = startDaemon(config);
  await eventually(pings, 30_000);
  await eventually(async () => issued().length >= 3, 60_000);
  const [one, ...more] = issued();
  expect(more.map(({ role, key: spki }) => [role, spki])).toEqual(more.map(() => ['master', one?.key]));
  expect(new Set(issued().map((entry) => Math.round(lifeDays(entry) * 86_400))).size).toBe(1);
  // By the time that the one which a person gave it has ended, it runs on, and starts again.
  await eventually(async () => Date.now() > (one?.not_after_ms ?? 0), 60_000);
  await eventually(pings, 10_000);
  await first.stop();
  const second = startDaemon(config);
  await eventually(pings, 20_000);
  expect(await readFile(certificate, 'utf8')).toBe(given);

  await decide('revoke', id);
  await eventually(async () => !(await broker.ctl('list_users')).includes(id), 15_000);
  const count = issued().length;
  await second.stop();
  startDaemon(config);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect({ issued: issued().length, pings: await pings() }).toEqual({ issued: count, pings: false });
});

test('each of these has left a trace in the audit, and so does a revocation that was only noted in the book', async () => {
  const audit = createAuditStore(door, testConfig());
  const { book } = (await testPki()).ca;
  book.revoke(decideIn(book, { name: 'dc-offline', verb: 'revoke', reason: 'Redis was away' }, Date.now()));
  const found = async (parts: { agent?: string; node?: string; verdict?: 'deny' }) =>
    (await audit.find({ sinceMs: 0, limit: 10_000, ...parts })).map(({ decision }) => decision);
  const [offline] = await eventually(async () => {
    const lines = await found({ agent: 'ca#revoke', node: 'dc-offline' });
    return lines.length > 0 ? lines : null;
  }, 10_000);
  expect(offline).toMatchObject({ reason: 'Redis was away', caller: 'cert=controller', role: 'controller' });
  expect(await found({ agent: 'ca#issue', node: 'dc-revoked' })).not.toEqual([]);
  expect((await found({ agent: 'ca#renew', node: 'dc-renewed' })).length).toBeGreaterThanOrEqual(3);
  const denied = await found({ agent: 'hello', verdict: 'deny' });
  expect(denied).toContainEqual(expect.objectContaining({ reason: 'REVOKED', subject: 'dc-revoked' }));
  // What the node refused of alice, although her name is not taken for granted: her certificate counts no more.
  const byNode = await found({ node: 'dc-refuses', verdict: 'deny' });
  expect(byNode).toContainEqual(
    expect.objectContaining({ kind: 'refused', reason: 'REVOKED', sender: null }),
  );
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import { createRpcClient, type RpcClient } from '../../../src/bus/client.ts';
import { userDataFor } from '../../../src/cli/lib/userdata.ts';
import { createClaims } from '../../../src/controller/claims.ts';
import { createQuarantine } from '../../../src/controller/quarantine.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import { openRuns, type Runs } from '../../../src/controller/runs.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { DaemonConfig } from '../../../src/core/config/daemon.ts';
import { silentLog } from '../../../src/core/log.ts';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { eventually, tempDir } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { type ControllerKeys, startRealController } from '../../kit/collective.ts';
import { daemonConfig, startDaemon } from '../../kit/daemon.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testConfig } from '../../kit/run-fakes.ts';

/** 26 s. */
const SHORT_DAYS = 0.0003;

let broker: TestBroker;
let redis: TestRedis;
let door: RedisDoor;
let runs: Runs;
let asker: Bus;
let rpc: RpcClient;
beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['provisioning', 'mcollective'], controllers: ['controller', 'asker'] }),
    startRedis(),
  ]);
  door = await redis.door('controller');
  runs = openRuns(door, { keepDays: 1, log: silentLog });
  asker = await broker.busOf('asker', 'controller');
  const { opener, holder } = await testPki();
  const { sealer } = await holder('asker', 'controller');
  rpc = createRpcClient({ bus: asker, sealer, opener, log: silentLog, clock: systemClock });
});
afterAll(async () => {
  await asker?.close();
  await runs?.close();
  await Promise.all([broker?.stop(), redis?.stop()]);
});

const pings = (identity: string) =>
  rpc
    .node('provisioning', identity, {})
    .call(rpcutil, 'ping', {}, { timeoutS: 1 })
    .then(
      () => true,
      () => false,
    );
const joined = (identity: string) => eventually(() => pings(identity), 40_000);

/** Another key and certificate of the same name. */
async function controllerKeys(): Promise<ControllerKeys> {
  const { ca } = await testPki();
  const { keyPem, publicKeyPem } = await newKeyPair();
  const certificatePem = ca.issue({ name: 'controller', role: 'controller', publicKeyPem, days: 2 });
  return { certificatePem, keyPem };
}

/** A daemon's config with the controllers that its user data held. */
async function nodeOf(id: string, controllers: readonly ControllerKeys[]): Promise<DaemonConfig> {
  const config = await daemonConfig(broker, { instance_id: id });
  const dir = await tempDir();
  const paths = controllers.map((_, index) => join(dir, `${index}.pem`));
  for (const [index, { certificatePem }] of controllers.entries())
    await writeFile(paths[index] ?? '', certificatePem);
  return { ...config, trust: { ...config.trust, controllers: paths } };
}

test('user data names both certificates while a key is changed', async () => {
  const dir = await tempDir();
  const { ca } = await testPki();
  const both = [await controllerKeys(), await controllerKeys()];
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  await writeFile(join(dir, 'manifest.json'), JSON.stringify({ version: '1', files: {} }));
  const paths = both.map((_, index) => join(dir, `controller${index}.pem`));
  for (const [index, { certificatePem }] of both.entries())
    await writeFile(paths[index] ?? '', certificatePem);
  const config = testConfig({
    trust: { dir, certificate: paths[0], key: '/nonexistent' },
    groups: { web: { options: { token: 'x' } } },
    userdata: { controllers: paths, bundle_dir: dir, mirror_url: 'https://mirror.example.org' },
  });
  const text = await userDataFor(config, 'web', []);
  const { write_files: files } = parse(text) as { write_files: { path: string; content: string }[] };
  const contentOf = (path: string) => files.find((file) => file.path === path)?.content;
  const named = parse(contentOf('/etc/muster/daemon.yaml') ?? '').trust.controllers as string[];
  expect(named.map(contentOf)).toEqual(both.map(({ certificatePem }) => certificatePem));
});

test("a controller's key is changed with an overlap, and nobody is locked out before the old one is taken out", async () => {
  const [old, next] = await Promise.all([controllerKeys(), controllerKeys()]);
  const at = { broker, redis };
  const unread = async () => (await createClaims(door).refusals()).KEY ?? 0;

  // Before, and while user data names both: those who try the next one first are heard at their second try.
  let controller = await startRealController(at, 7, old);
  startDaemon(await nodeOf('dc-before', [old]));
  startDaemon(await nodeOf('dc-ahead', [next, old]));
  await Promise.all([joined('dc-before'), joined('dc-ahead')]);
  await eventually(async () => (await unread()) > 0);
  await controller.stop();

  // The next one is in use, and the old key is still read.
  controller = await startRealController(at, 7, { ...next, oldKeyPems: [old.keyPem] });
  const before = await unread();
  for (const [id, controllers] of [
    ['dc-old', [old]],
    ['dc-next', [next]],
    ['dc-both', [old, next]],
  ] as const)
    startDaemon(await nodeOf(id, controllers));
  await Promise.all(['dc-old', 'dc-next', 'dc-both'].map(joined));
  expect(await unread()).toBe(before);
  await controller.stop();

  // The old one is taken out.
  controller = await startRealController(at, 7, next);
  startDaemon(await nodeOf('dc-late', [old, next]));
  startDaemon(await nodeOf('dc-stale', [old]));
  await joined('dc-late');
  await eventually(async () => (await unread()) >= before + 3, 40_000);
  expect(await pings('dc-stale')).toBe(false);
  // Who joined with the old one does not notice.
  expect(await Promise.all(['dc-before', 'dc-ahead', 'dc-old'].map(pings))).toEqual([true, true, true]);
  await controller.stop();
});

describe('a node whose certificate has ended', () => {
  const issuedTo = async (id: string) => (await testPki()).ca.book.issued().filter(({ name }) => name === id);
  const ended = async (id: string) => {
    const endMs = (await issuedTo(id)).at(-1)?.not_after_ms ?? 0;
    await eventually(() => Date.now() > endMs, 60_000);
  };

  test('while it was off, and whose broker user is gone, says hello and is the same node, with no new run', async () => {
    const id = 'dc-slept';
    const controller = await startRealController({ broker, redis }, SHORT_DAYS);
    const config = await daemonConfig(broker, { instance_id: id });
    const first = startDaemon(config);
    await joined(id);
    await first.stop();
    await ended(id);
    await broker.admin.removeUser(id);
    const before = { runs: await runs.idsWith(id), issued: (await issuedTo(id)).length };
    const second = startDaemon(config);
    await joined(id);
    const issued = await issuedTo(id);
    expect(issued.length).toBeGreaterThan(before.issued);
    expect(new Set(issued.map(({ key }) => key)).size).toBe(1);
    expect(await runs.idsWith(id)).toEqual(before.runs);
    expect(before.runs).toHaveLength(1);
    await second.stop();

    // The same instance with other keys is not let in, however long the first one was away.
    await ended(id);
    startDaemon(await daemonConfig(broker, { instance_id: id }));
    const waits = async () =>
      (await createQuarantine(door).list()).some(
        ({ instanceId, decision }) => instanceId === id && decision === null,
      );
    await eventually(waits, 40_000);
    expect(await pings(id)).toBe(false);
    await controller.stop();
  });

  test('while no controller ran says hello by itself as soon as it notices, without a restart', async () => {
    const id = 'dc-waited';
    const controller = await startRealController({ broker, redis }, SHORT_DAYS);
    startDaemon(await daemonConfig(broker, { instance_id: id }));
    await joined(id);
    await controller.stop();
    await ended(id);
    const count = (await issuedTo(id)).length;
    const later = await startRealController({ broker, redis }, SHORT_DAYS);
    await eventually(async () => (await issuedTo(id)).length > count, 60_000);
    await joined(id);
    expect(await runs.idsWith(id)).toHaveLength(1);
    await later.stop();
  });
});

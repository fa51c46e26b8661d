import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBus } from '../../../src/bus/connection.ts';
import { publishEvent } from '../../../src/bus/events.ts';
import { type Controller, startController } from '../../../src/controller/controller.ts';
import type { Identity } from '../../../src/controller/identity.ts';
import { createRecords } from '../../../src/controller/records.ts';
import { openRuns } from '../../../src/controller/runs.ts';
import type { Attestor } from '../../../src/core/attestor.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { ControllerConfig } from '../../../src/core/config/controller.ts';
import { loadPlugins } from '../../../src/core/load.ts';
import { silentLog } from '../../../src/core/log.ts';
import { brokerNames } from '../../../src/core/names.ts';
import type { MasterPicker } from '../../../src/core/picker.ts';
import { addedMs, type RunRecord } from '../../../src/core/record.ts';
import { spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { createSealer } from '../../../src/trust/seal.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { startFakeDaemon } from '../../kit/run-daemon.ts';
import { ownSteps, testConfig } from '../../kit/run-fakes.ts';
import { createSayer, TOKEN } from '../../kit/run-hello.ts';
import { addMaster, masterActions } from '../../kit/run-master.ts';
import { addNode, nodeActions } from '../../kit/run-node.ts';
import { fakeNotifier } from '../../kit/run-notifier.ts';
import { createWorld } from '../../kit/run-world.ts';

let broker: TestBroker;
let redis: TestRedis;
beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['provisioning', 'mcollective'], controllers: ['controller'] }),
    startRedis(),
  ]);
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

const folder = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

function configOf(more: Record<string, unknown> = {}): ControllerConfig {
  return testConfig({
    redis: { url: redis.url, prefix: 'controller' },
    broker: {
      ...{ host: broker.host, port: broker.port, vhost: broker.vhost, management_url: broker.management.url },
      ...{ management_user: broker.management.user, management_password_file: '/nonexistent' },
    },
    groups: { web: { options: { token: TOKEN } } },
    ...more,
  });
}

async function identityOf(): Promise<Identity> {
  const { ca, opener, holder } = await testPki();
  const { certificatePem, keyPem, sealer } = await holder('controller', 'controller');
  return {
    caPem: ca.certificatePem,
    certificatePem,
    keyPem,
    managementPassword: broker.management.password,
    ca,
    opener,
    sealer,
  };
}

async function start(
  config: ControllerConfig,
  notifier = fakeNotifier('fake'),
): Promise<{ controller: Controller; stop: () => Promise<void> }> {
  const stopping = new AbortController();
  const controller = await startController({
    ...{ config, log: silentLog, signal: stopping.signal, identity: await identityOf() },
    plugins: {
      steps: await ownSteps(),
      notifiers: new Map([['fake', notifier]]),
      pickers: await loadPlugins<MasterPicker>(folder('src/controller/pickers'), 'pick'),
      attestors: await loadPlugins<Attestor>(folder('src/trust/attestors'), 'attest'),
    },
  });
  return {
    controller,
    async stop() {
      stopping.abort();
      await controller.closed;
    },
  };
}

test('from hello to the production collective over a real broker, with nothing configured about master or node', async () => {
  const pki = await testPki();
  const notifier = fakeNotifier('fake');
  const { controller, stop } = await start(configOf({ notify: { recipients: ['fake:oncall'] } }), notifier);
  await controller.listening;
  const world = createWorld();
  const master = addMaster(world, 'puppet-eu', { ec2_placement_region: 'eu-west-1' });
  await broker.admin.addMasterUser('puppet-eu', ['mcollective']);
  const masterBus = await broker.busOf('puppet-eu', 'master');
  const masterHolder = await pki.holder('puppet-eu', 'master');
  await startFakeDaemon({
    bus: masterBus,
    sealer: masterHolder.sealer,
    collectives: ['mcollective'],
    actions: () => masterActions(master, world),
  });

  const sayer = await createSayer('i-0abc');
  const helloBus = await broker.helloBus();
  await helloBus.ready();
  const heard = Promise.withResolvers<Buffer>();
  const inbox = {
    exchange: brokerNames.helloExchange,
    key: brokerNames.inboxKey(spkiSha256OfKey(sayer.busPublicKeyPem)),
  };
  await helloBus.subscribe(inbox, (body) => heard.resolve(body), { ack: 'auto' });
  const cert = (await pki.holder('controller', 'controller')).certificatePem;
  const { bytes, nonce } = await sayer.hello(cert);
  const helloAtMs = Date.now();
  await helloBus.publish({ exchange: brokerNames.helloExchange, key: brokerNames.helloKey }, bytes, {
    ttlS: 60,
    deadlineS: 10,
  });
  const answer = await sayer.answer(await heard.promise, nonce);
  const answeredMs = Date.now() - helloAtMs;
  if (!answer.accepted) throw new Error('refused');
  await helloBus.close();

  const { host, port, vhost } = broker;
  const tls = { ca: pki.ca.certificatePem, cert: answer.certificate, key: sayer.busKeyPem };
  const bus = openBus({ broker: { host, port, vhost, tls }, log: silentLog, clock: systemClock });
  await bus.ready({ timeoutS: 10 });
  const sealer = createSealer({
    name: answer.identity,
    certificatePem: answer.certificate,
    keyPem: sayer.busKeyPem,
  });
  const door = await redis.door('controller');
  const runs = openRuns(door, { keepDays: 1, log: silentLog });
  const spki = (await runs.get(answer.run))?.data.puppetSpkiSha256 ?? '';
  const node = Object.assign(addNode(world, answer.identity), { spki, puppetMs: 100 });
  world.onRunEnded = (_, run) =>
    void publishEvent({ bus, sealer, clock: systemClock }, { kind: 'puppet_run_ended', run, exitcode: 0 });
  const daemon = await startFakeDaemon({
    ...{ bus, sealer, collectives: [answer.collective] },
    actions: () => {
      if (node.disabled) setTimeout(() => void daemon.setCollectives([node.collective]), 0);
      return nodeActions(node, world);
    },
  });

  let record: RunRecord | undefined;
  for await (const now of createRecords(runs).watchRun(answer.run, AbortSignal.timeout(30_000))) record = now;
  expect(record?.error ?? null).toBeNull();
  expect(record).toMatchObject({ state: 'provisioned', master: 'puppet-eu', region: 'eu-west-1' });
  expect(record?.masterReason).toBe('same ec2_placement_region eu-west-1, 1 of 1 healthy');
  expect(record?.steps.map(({ attempts }) => attempts)).toEqual(Array(8).fill(1));
  while (notifier.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(notifier.sent).toHaveLength(1);
  const added = record === undefined ? 0 : addedMs(record);
  process.stdout.write(
    `hello answered in ${answeredMs} ms; Muster added ${added} ms to ${record?.steps.length} steps\n`,
  );
  const stopAtMs = Date.now();
  await stop();
  expect(Date.now() - stopAtMs).toBeLessThan(10_000);
  await Promise.all([daemon.stop(), runs.close()]);
  await Promise.all([bus.close(), masterBus.close()]);
});

test('a plan that names an unknown step is refused before anything starts', async () => {
  const config = configOf({ plan: ['lock', 'puppet_finl_run'], redis: { url: 'redis://127.0.0.1:1' } });
  await expect(start(config)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining("did you mean 'puppet_final_run'?"),
  });
});

test('Redis that does not answer is named within a few seconds', async () => {
  const atMs = Date.now();
  await expect(start(configOf({ redis: { url: 'redis://127.0.0.1:1' } }))).rejects.toMatchObject({
    code: 'REDIS_UNREACHABLE',
    message: expect.stringContaining('127.0.0.1:1'),
  });
  expect(Date.now() - atMs).toBeLessThan(4000);
});

test('a broker that is late is waited for, and a controller that is stopped meanwhile ends at once', async () => {
  const config = configOf();
  const { controller, stop } = await start({ ...config, broker: { ...config.broker, port: 1 } });
  const first = await Promise.race([
    controller.listening,
    controller.closed,
    new Promise((resolve) => setTimeout(resolve, 1500, 'waits')),
  ]);
  expect(first).toBe('waits');
  const atMs = Date.now();
  await stop();
  expect(Date.now() - atMs).toBeLessThan(10_000);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runEnded, stepBegun } from '../../../src/controller/transitions.ts';
import { MusterError } from '../../../src/core/errors.ts';
import type { Notifier } from '../../../src/core/notifier.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { overJob, startTestEngine, testConfig, testRun } from '../../kit/run-fakes.ts';
import { addMaster } from '../../kit/run-master.ts';
import { addNode } from '../../kit/run-node.ts';
import { fakeNotifier } from '../../kit/run-notifier.ts';
import { createWorld } from '../../kit/run-world.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

async function setUp(
  notifiers: readonly Notifier[],
  recipients: readonly string[],
  door?: Awaited<ReturnType<TestRedis['door']>>,
) {
  const world = createWorld();
  const master = addMaster(world, 'puppet-a');
  const node = addNode(world, 'i-1');
  const engine = await startTestEngine({
    ...{ door: door ?? (await redis.door()), world, config: testConfig({ notify: { recipients } }) },
    notifiers: new Map(notifiers.map((notifier) => [notifier.name, notifier])),
    more: { noticeBackoff: { baseMs: 20, capMs: 100 } },
  });
  return { world, master, node, engine };
}

async function until(condition: () => boolean, timeoutMs = 10_000) {
  const untilMs = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error('did not happen in time');
    await sleep(20);
  }
}

test('every recipient is told once, with texts cut to the limits of its notifier', async () => {
  const [mail, chat] = [fakeNotifier('mail'), fakeNotifier('chat')];
  const { world, engine } = await setUp([mail, chat], ['mail:a@x', 'mail:b@x', 'chat://room']);
  await engine.runs.add(
    'i-1.aaaaaa',
    testRun(world, 'i-1', { region: 'a-region-with-a-very-long-name-that-does-not-fit' }),
  );
  await overJob(engine, 'i-1.aaaaaa');
  await until(() => mail.sent.length === 2 && chat.sent.length === 1);
  await sleep(200);
  await engine.close();
  expect(mail.sent.map(({ recipient }) => recipient).sort()).toEqual(['mail:a@x', 'mail:b@x']);
  const notice = chat.sent[0]?.notice;
  expect(notice).toMatchObject({ level: 'info', runId: 'i-1.aaaaaa', identity: 'i-1' });
  expect(notice?.id).toMatch(/^i-1\.aaaaaa-0-[0-9a-f]{16}$/);
  expect([...(notice?.subject ?? '')]).toHaveLength(60);
});

test('a failed run is told too, and a notifier that is down delays no other and is tried until it takes the notice', async () => {
  let downs = 0;
  const down = fakeNotifier('down', {
    send: async () => {
      if (downs++ < 4) throw new MusterError('NOTIFY_UNREACHABLE', 'no route');
    },
  });
  const refusing = fakeNotifier('refusing', {
    send: () => Promise.reject(new MusterError('NOTIFY_REJECTED', 'no such room')),
  });
  const hanging = fakeNotifier('hanging', { send: () => new Promise(() => undefined) });
  const good = fakeNotifier('good');
  const { world, node, engine } = await setUp(
    [down, refusing, hanging, good],
    ['hanging:x', 'refusing:x', 'down:x', 'good:x'],
  );
  node.exitcode = () => 4;
  await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1'));
  await overJob(engine, 'i-1.aaaaaa');
  await until(() => good.sent.length === 1, 2000);
  expect(good.sent[0]?.notice).toMatchObject({
    level: 'failure',
    subject: 'FAILED i-1: PUPPET_FAILED at puppet_bootstrap_stage',
  });
  expect(good.sent[0]?.notice.body).toContain('muster run retry i-1.aaaaaa');
  await until(() => down.sent.length === 1);
  expect(downs).toBe(5);
  expect(refusing.sent).toEqual([]);
  await engine.close();
});

test('a request that is exchanged on the master before it is signed is not signed, and its run is told as an alarm', async () => {
  const mail = fakeNotifier('mail');
  const { world, master, engine } = await setUp([mail], ['mail:a@x']);
  const stranger = { state: 'requested', spki: 'e'.repeat(64) } as const;
  master.beforeSign = (certname) => void master.certs.set(certname, stranger);
  await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1'));
  const { data } = await overJob(engine, 'i-1.aaaaaa');
  await until(() => mail.sent.length === 1);
  await engine.close();
  expect(data.error).toMatchObject({ code: 'CSR_MISMATCH', step: 'sign_node_csr' });
  expect(master.certs.has('i-1')).toBe(false);
  expect(mail.sent[0]?.notice).toMatchObject({
    level: 'alarm',
    subject: 'ALARM i-1: CSR_MISMATCH at sign_node_csr',
  });
  expect(mail.sent[0]?.notice.body).toContain('find out who');
});

test('a controller that dies between the end of a run and its notices: all are sent by the next, once', async () => {
  const door = await redis.door();
  const silent = await setUp([], [], door);
  const key = (await import('../../../src/controller/recipient-key.ts')).recipientKey('mail:a@x');
  // What the dead controller left: the end is written, the job is not over, no notice was added.
  const ended = runEnded(
    stepBegun(testRun(silent.world, 'i-1'), 1),
    new MusterError('CA_REFUSED', 'no'),
    [key],
    Date.now(),
  );
  await silent.engine.close();
  const mail = fakeNotifier('mail');
  const { engine } = await setUp([mail], ['mail:a@x'], door);
  await engine.runs.add('i-1.aaaaaa', ended);
  await overJob(engine, 'i-1.aaaaaa');
  await until(() => mail.sent.length === 1);
  // And once more, as if it had died after adding them.
  const job = await engine.runs.get('i-1.aaaaaa');
  await job?.retry('failed');
  await sleep(300);
  await overJob(engine, 'i-1.aaaaaa');
  await sleep(300);
  expect(mail.sent).toHaveLength(1);
  await engine.close();
});

test('no password of a recipient is in Redis', async () => {
  const chat = fakeNotifier('chat');
  const door = await redis.door();
  const { world, engine } = await setUp([chat], ['chat://bot:geheim@host/room'], door);
  await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1'));
  await overJob(engine, 'i-1.aaaaaa');
  await until(() => chat.sent.length === 1);
  const keys = await door.quick.keys(`${door.prefix}:*`);
  for (const key of keys) {
    if ((await door.quick.type(key)) === 'hash')
      expect(JSON.stringify(await door.quick.hgetall(key))).not.toContain('geheim');
  }
  await engine.close();
});

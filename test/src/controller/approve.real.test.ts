import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import { adminApi } from '../../../src/bus/admin-api.ts';
import { createRpcClient } from '../../../src/bus/client.ts';
import { type ApproveDeps, approve, reject } from '../../../src/controller/approve.ts';
import { createQuarantine, type Quarantine } from '../../../src/controller/quarantine.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import { createRevokedStore, type RevokedStore } from '../../../src/controller/revoked-store.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { CaBook } from '../../../src/trust/ca-book.ts';
import { verifyIssued } from '../../../src/trust/certificate.ts';
import { readCertificate } from '../../../src/trust/keys.ts';
import { createOpener } from '../../../src/trust/seal.ts';
import { eventually } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRealController } from '../../kit/collective.ts';
import { daemonConfig, startDaemon } from '../../kit/daemon.ts';
import { createHelloScene } from '../../kit/hello-scene.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer, type HelloSayer } from '../../kit/run-hello.ts';

const APPROVED = { verdict: 'approved', reason: 'its disk was replaced', by: 'alice', atMs: 1 } as const;
const REJECTED = { ...APPROVED, verdict: 'rejected' } as const;
const IDENTITY = 'i-7.example.org';

let redis: TestRedis;
let broker: TestBroker;
let first: HelloSayer;
let second: HelloSayer;
beforeAll(async () => {
  [redis, broker, first, second] = await Promise.all([
    startRedis(),
    startBroker({ collectives: ['provisioning', 'mcollective'], controllers: ['controller', 'asker'] }),
    createSayer('i-7', '.example.org'),
    createSayer('i-7', '.example.org'),
  ]);
});
afterAll(async () => {
  await Promise.all([redis?.stop(), broker?.stop()]);
});

async function depsOf(door: RedisDoor, dropUser = async () => undefined): Promise<ApproveDeps> {
  const { ca } = await testPki();
  return {
    quarantine: createQuarantine(door),
    openBook: async () => ca.book,
    openStore: (book) => createRevokedStore(door, book),
    ...{ dropUser, clock: systemClock, cutWithinMs: 300 },
  };
}

/** These deps, which die at the n-th thing they do, before or after it is done. */
function dying(deps: ApproveDeps, dieAt: number, when: 'before' | 'after'): ApproveDeps {
  let done = 0;
  const mortal =
    <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      done += 1;
      if (done === dieAt && when === 'before') throw new Error('killed');
      const result = await act(...args);
      if (done === dieAt) throw new Error('killed');
      return result;
    };
  const { quarantine } = deps;
  const mortalQuarantine: Quarantine = {
    ...quarantine,
    begin: mortal(quarantine.begin),
    decide: mortal(quarantine.decide),
  };
  const mortalBook = (book: CaBook): CaBook => ({
    ...book,
    revoke(entry) {
      done += 1;
      if (done === dieAt && when === 'before') throw new Error('killed');
      book.revoke(entry);
      if (done === dieAt) throw new Error('killed');
    },
  });
  const mortalStore = (store: RevokedStore): RevokedStore => ({
    ...store,
    sync: mortal(store.sync),
    dropped: mortal(store.dropped),
  });
  return {
    ...deps,
    quarantine: mortalQuarantine,
    openBook: async () => mortalBook(await deps.openBook()),
    openStore: (book) => mortalStore(deps.openStore(book)),
    dropUser: deps.dropUser,
  };
}

/** The first has joined and the second is in quarantine, in a Redis of its own. */
async function contested() {
  const door = await redis.door();
  const scene = await createHelloScene(door);
  const admitted = await scene.say(first);
  await scene.say(second);
  const [record] = await scene.quarantine.list();
  if (admitted?.accepted !== true || record === undefined) throw new Error('no contest');
  const { ca } = await testPki();
  const firstCounts = () =>
    !ca.book.revocations().revokes(verifyIssued(admitted.certificate, readCertificate(ca.certificatePem)));
  return { door, scene, id: record.id, firstCounts, barred: () => ca.book.revocations().bars(IDENTITY) };
}

/** What it does: sync, begin, book, sync, dropped, decide, book, sync. */
const DEATHS = Array.from({ length: 8 }, (_, index) => [index + 1]);

test.each(DEATHS)(
  'an approval that is killed at its act %i and said again ends as if it had not been',
  async (at) => {
    for (const when of ['before', 'after'] as const) {
      const { door, scene, id, firstCounts, barred } = await contested();
      const deps = await depsOf(door);
      await expect(approve(id, APPROVED, dying(deps, at, when))).rejects.toThrow('killed');
      // Meanwhile nobody may be let in whom the approval keeps out.
      if (!firstCounts()) expect(await scene.say(first)).toMatchObject({ accepted: false });
      await approve(id, APPROVED, deps).catch((thrown: unknown) => {
        // It was complete but for its last word.
        expect(thrown).toMatchObject({ code: 'CONFLICT' });
      });
      expect({ counts: firstCounts(), barred: barred() }).toEqual({ counts: false, barred: false });
      expect(await scene.say(first)).toMatchObject({ accepted: false });
      expect(await scene.say(second)).toMatchObject({ accepted: true });
    }
  },
);

test('an approval that is killed and then rejected lets the first holder in again, with a new certificate', async () => {
  const { door, scene, id, firstCounts, barred } = await contested();
  const deps = await depsOf(door);
  await expect(approve(id, APPROVED, dying(deps, 5, 'before'))).rejects.toThrow('killed');
  expect(barred()).toBe(true);
  await reject(id, REJECTED, deps);
  expect({ counts: firstCounts(), barred: barred() }).toEqual({ counts: false, barred: false });
  expect(await scene.say(first)).toMatchObject({ accepted: true });
  expect(await scene.say(second)).toMatchObject({ accepted: false });
});

test('of two operators who approve and reject at a time one wins, and nobody stays barred', async () => {
  const { door, scene, id, barred } = await contested();
  const deps = await depsOf(door);
  const outcomes = await Promise.allSettled([
    approve(id, APPROVED, deps),
    approve(id, APPROVED, deps),
    reject(id, REJECTED, deps),
  ]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(barred()).toBe(false);
  const { decision } = await deps.quarantine.get(id);
  expect(await scene.say(second)).toMatchObject({ accepted: decision?.verdict === 'approved' });
});

test('two operators who approve at the same time are as one', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { door, scene, id, firstCounts, barred } = await contested();
    const deps = await depsOf(door);
    // One that comes late, and one that reads the clock in the same millisecond.
    const late = depsOf(
      door,
      () => new Promise((resolve) => setTimeout(() => resolve(undefined), round * 600)),
    );
    const outcomes = await Promise.allSettled([
      approve(id, APPROVED, deps),
      approve(id, APPROVED, await late),
    ]);
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect({ counts: firstCounts(), barred: barred() }).toEqual({ counts: false, barred: false });
    expect(await scene.say(second)).toMatchObject({ accepted: true });
  }
});

test('while the broker user of the first holder cannot be deleted, nothing is approved and the first one stays barred', async () => {
  const { door, id, barred } = await contested();
  const deps = await depsOf(door, async () => {
    throw new Error('no broker');
  });
  await expect(approve(id, APPROVED, deps)).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  expect(barred()).toBe(true);
  expect((await deps.quarantine.get(id)).decision).toBeNull();
  // A controller that reaches the broker does it, and the approval goes on.
  const approving = approve(id, APPROVED, { ...deps, cutWithinMs: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await createRevokedStore(door, (await testPki()).ca.book).dropped(IDENTITY);
  expect((await approving).decision?.verdict).toBe('approved');
  expect(barred()).toBe(false);
});

test('on a real broker the first holder is cut off, its word counts no more, and the second is the node', async () => {
  const id = 'dc-contested';
  const { ca, holder } = await testPki();
  const controller = await startRealController({ broker, redis });
  const door = await redis.door('controller');
  const bus = await broker.busOf('asker', 'controller');
  const opener = createOpener({
    caPem: ca.certificatePem,
    clock: systemClock,
    revoked: (_serial, of) => ca.book.revocations().revokes(of),
  });
  const { sealer } = await holder('asker', 'controller');
  const rpc = createRpcClient({ bus, sealer, opener, log: silentLog, clock: systemClock });
  const who = () =>
    rpc
      .node('provisioning', id, {})
      .call(rpcutil, 'get_fact', { fact: 'who' }, { timeoutS: 2 })
      .then(
        ({ value }) => value,
        () => null,
      );
  const daemonOf = async (name: string) => {
    const config = await daemonConfig(broker, { instance_id: id });
    await mkdir(config.facts.dir, { recursive: true });
    await writeFile(`${config.facts.dir}/who.yaml`, `who: ${name}\n`);
    return config;
  };
  const connections = async () => {
    const all = (await adminApi(broker.management)('GET', ['connections'])) as {
      user: string;
      name: string;
    }[];
    return all.filter(({ user }) => user === id).map(({ name }) => name);
  };
  startDaemon(await daemonOf('first'));
  await eventually(async () => (await who()) === 'first', 30_000);
  await eventually(async () => (await connections()).length > 0, 20_000);
  const before = await connections();
  const later = await daemonOf('second');
  const refused = startDaemon(later);
  const quarantine = createQuarantine(door);
  await eventually(async () => (await quarantine.list()).length > 0, 30_000);
  await refused.stop();

  const [record] = await quarantine.list();
  const deps = await depsOf(
    door,
    (name?: string) => broker.admin.revokeUser(name ?? id) as Promise<undefined>,
  );
  await approve(record?.id ?? '', APPROVED, deps);
  await eventually(async () => !(await connections()).some((name) => before.includes(name)), 10_000);
  expect(await who()).toBeNull();
  startDaemon(later);
  await eventually(async () => (await who()) === 'second', 30_000);
  for (let i = 0; i < 5; i += 1) expect(await who()).toBe('second');
  await bus.close();
  await controller.stop();
});

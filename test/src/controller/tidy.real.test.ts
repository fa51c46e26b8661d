import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGrants } from '../../../src/controller/grants.ts';
import { createLifetimes } from '../../../src/controller/lifetimes.ts';
import { createRevokedStore, revokeName } from '../../../src/controller/revoked-store.ts';
import { tidy } from '../../../src/controller/tidy.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/core/log.ts';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { makePki, memoryBook } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';

const DAY_MS = 86_400_000;
let broker: TestBroker;
let redis: TestRedis;
beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['mcollective'], operators: ['alice'] }),
    startRedis(),
  ]);
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

const users = async () =>
  (await broker.ctl('list_users')).split('\n').flatMap((line) => line.split('\t').slice(0, 1));

/** What a controller has for logins, and a clock that can be set on. */
async function scene() {
  const door = await redis.door();
  const { ca } = await makePki();
  const { publicKeyPem } = await newKeyPair();
  const store = createRevokedStore(door, ca.book);
  const lifetimes = createLifetimes(door);
  const dropUser = (name: string) => broker.admin.revokeUser(name);
  const grant = (identity: string, collectives: readonly string[]) =>
    broker.admin.moveNodeUser(identity, collectives);
  const grants = createGrants({ grant, dropUser, revocations: store.sync, lifetimes, ca });
  const clock = { nowMs: () => Date.now() + later.ms, monotonicMs: () => 0 };
  const later = { ms: 0 };
  const deps = {
    lifetimes,
    removeUser: (name: string) => broker.admin.removeUser(name),
    clock,
    log: silentLog,
  };
  const issue = (name: string, days: number) => ca.issue({ name, role: 'node', publicKeyPem, days });
  return { door, grants, grant, lifetimes, later, deps, issue };
}

test('the broker user of a node goes after its last certificate has ended, and no other one', async () => {
  const { grants, later, deps, issue, lifetimes } = await scene();
  await broker.admin.addMasterUser('puppet-1', ['mcollective']);
  for (const name of ['ends', 'renewed', 'lasts'])
    await grants.admit(name, ['mcollective'], issue(name, name === 'lasts' ? 9 : 1));
  await lifetimes.note('renewed', Date.now() + 7 * DAY_MS);
  // An older answer that comes late takes nothing back.
  await lifetimes.note('renewed', Date.now() + DAY_MS);
  const all = ['alice', 'ends', 'hello', 'lasts', 'muster', 'puppet-1', 'renewed'];
  later.ms = DAY_MS + 60_000;
  await tidy(deps);
  expect((await users()).filter((name) => all.includes(name)).sort()).toEqual(all);
  later.ms = DAY_MS + 11 * 60_000;
  await tidy(deps);
  expect((await users()).filter((name) => all.includes(name)).sort()).toEqual(
    all.filter((name) => name !== 'ends'),
  );
  // It comes back by a hello.
  await grants.admit('ends', ['mcollective'], issue('ends', 3));
  await tidy(deps);
  expect(await users()).toContain('ends');
});

test('a broker that is away is asked again, and a name that is an operator now is left alone', async () => {
  const { grants, later, deps, issue, lifetimes } = await scene();
  await grants.admit('waits', ['mcollective'], issue('waits', 1));
  await lifetimes.note('alice', Date.now() + DAY_MS);
  later.ms = 2 * DAY_MS;
  const away = async () => {
    throw new MusterError('BROKER_UNREACHABLE', 'away');
  };
  await expect(tidy({ ...deps, removeUser: away })).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  await tidy(deps);
  expect(await users()).not.toContain('waits');
  expect(await users()).toContain('alice');
  expect(await lifetimes.endedBefore(Date.now() + 9 * DAY_MS)).toEqual([]);
});

test('a node that is revoked on another host while it is admitted or moved is left without a login', async () => {
  const { door, grants, issue } = await scene();
  const elsewhere = memoryBook();
  const other = createRevokedStore(door, elsewhere);
  const decide = (verb: 'revoke' | 'reinstate') =>
    revokeName({ book: elsewhere, store: other, clock: systemClock }, { name: 'late', verb, reason: 'r' });
  // Issued by a controller that has not heard of it.
  const certificate = issue('late', 1);
  await decide('revoke');
  const refusal = { code: 'ATTESTATION_REFUSED', message: expect.stringMatching(/^REVOKED/) };
  await expect(grants.admit('late', ['mcollective'], certificate)).rejects.toMatchObject(refusal);
  await expect(grants.move('late', ['mcollective'])).rejects.toMatchObject(refusal);
  expect(await users()).not.toContain('late');
  await decide('reinstate');
  await expect(grants.admit('late', ['mcollective'], certificate)).rejects.toMatchObject(refusal);
  await grants.move('late', ['mcollective']);
  expect(await users()).toContain('late');
});

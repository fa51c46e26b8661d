import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Bus, MessageHandler } from '../../../src/bus/bus.ts';
import { createClaims } from '../../../src/controller/claims.ts';
import { consumeHellos, type HelloDeps, hear } from '../../../src/controller/hello.ts';
import { createTally, type Tally } from '../../../src/controller/hello-tally.ts';
import { openRuns, type Runs } from '../../../src/controller/runs.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/core/log.ts';
import token from '../../../src/trust/attestors/token.ts';
import { verifyIssued } from '../../../src/trust/certificate.ts';
import { readCertificate } from '../../../src/trust/keys.ts';
import { controllerAudit } from '../../kit/operations.ts';
import { type Holder, type Pki, testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testConfig } from '../../kit/run-fakes.ts';
import { createSayer, type HelloSayer, TOKEN } from '../../kit/run-hello.ts';

let redis: TestRedis;
let pki: Pki;
let controller: Holder;
let sayer: HelloSayer;
let twin: HelloSayer;
let deps: HelloDeps;
let runs: Runs;
let tally: Tally;
let published: { key: string; body: Buffer }[];
let grants: { identity: string; collectives: readonly string[] }[];

beforeAll(async () => {
  redis = await startRedis();
  pki = await testPki();
  controller = await pki.holder('controller', 'controller');
  [sayer, twin] = await Promise.all([createSayer('i-1', '.example.org'), createSayer('i-1', '.example.org')]);
});
afterAll(() => redis.stop());

beforeEach(async () => {
  const door = await redis.door();
  runs = openRuns(door, { keepDays: 1, log: silentLog });
  [published, grants] = [[], []];
  const bus = {
    publish: async (to: { key: string }, body: Buffer) => void published.push({ key: to.key, body }),
  } as unknown as Bus;
  deps = {
    ...{
      bus,
      sealer: controller.sealer,
      controllerKeyPem: controller.keyPem,
      log: silentLog,
      clock: systemClock,
      ca: pki.ca,
      runs,
    },
    config: testConfig({ groups: { web: { certname_suffix: '.example.org' } } }),
    attestors: new Map([['web', { plugin: token, options: token.options.parse({ token: TOKEN }) }]]),
    claims: createClaims(door),
    quarantine: async () => ({ reason: 'CLAIM_TAKEN', id: 'q' }),
    tokens: { spend: async () => false },
    operations: controllerAudit(door).operations,
    reserved: async () => false,
    grant: async (identity, collectives) => void grants.push({ identity, collectives }),
  };
  tally = createTally(deps);
});

async function say(who: HelloSayer, parts: Parameters<HelloSayer['hello']>[1] = {}) {
  const { bytes, nonce } = await who.hello(controller.certificatePem, parts);
  await hear(bytes, deps, tally);
  const last = published.at(-1);
  return last === undefined ? null : who.answer(last.body, nonce);
}

/** The counters, once the tally has written them. */
async function refusals() {
  await expect.poll(() => deps.claims.refusals(), { timeout: 5000 }).not.toEqual({});
  return deps.claims.refusals();
}

async function allRuns() {
  return runs.queue.getJobs(['wait', 'active', 'delayed', 'completed', 'failed']);
}

test('a hello is answered with run, name, certificate and collective, and makes one run', async () => {
  const answer = await say(sayer);
  if (answer?.accepted !== true) throw new Error(JSON.stringify(answer));
  expect(answer).toMatchObject({ identity: 'i-1.example.org', collective: 'provisioning' });
  expect(answer.run).toMatch(/^i-1\.[0-9a-f]{6}$/);
  const ca = readCertificate(pki.ca.certificatePem);
  expect(verifyIssued(answer.certificate, ca).sender).toEqual({ name: 'i-1.example.org', role: 'node' });
  expect(grants).toEqual([{ identity: 'i-1.example.org', collectives: ['provisioning'] }]);
  const [job, ...others] = await allRuns();
  expect(others).toEqual([]);
  expect(job?.data).toMatchObject({
    instanceId: 'i-1',
    identity: 'i-1.example.org',
    region: 'eu-west-1',
    outcome: null,
  });
  expect(JSON.stringify(job?.data)).not.toContain(TOKEN);
});

test('a repeated hello changes nothing and has the same answer, even when its run was removed', async () => {
  const first = await say(sayer);
  const second = await say(sayer);
  const strip = (answer: unknown) => ({ ...(answer as object), nonce: 0, iat_ms: 0 });
  expect(strip(second)).toEqual(strip(first));
  expect(await allRuns()).toHaveLength(1);
  await (await allRuns())[0]?.remove();
  expect(strip(await say(sayer))).toEqual(strip(first));
  expect(await allRuns()).toHaveLength(0);
});

test('another key for a claimed instance is refused, vaguely, and counted', async () => {
  await say(sayer);
  expect(await say(twin)).toMatchObject({ accepted: false, reason: 'REFUSED' });
  expect(await refusals()).toEqual({ CLAIM_TAKEN: 1 });
  expect(await allRuns()).toHaveLength(1);
});

test('nobody can join under the name of a master: its certificates would be cleaned', async () => {
  deps = { ...deps, reserved: async (identity) => identity === 'i-1.example.org' };
  expect(await say(sayer)).toMatchObject({ accepted: false, reason: 'REFUSED' });
  expect(await refusals()).toEqual({ NAME_RESERVED: 1 });
  expect(grants).toEqual([]);
  expect(await allRuns()).toHaveLength(0);
});

test('two keys at once: one wins', async () => {
  const hellos = await Promise.all([sayer, twin].map((who) => who.hello(controller.certificatePem)));
  await Promise.all(hellos.map(({ bytes }) => hear(bytes, deps, tally)));
  expect(await refusals()).toEqual({ CLAIM_TAKEN: 1 });
  expect(await allRuns()).toHaveLength(1);
});

test('the same hello heard by two controllers at once has one certificate and one run', async () => {
  const { bytes, nonce } = await sayer.hello(controller.certificatePem);
  await Promise.all([hear(bytes, deps, tally), hear(bytes, deps, tally)]);
  const answers = await Promise.all(published.map(({ body }) => sayer.answer(body, nonce)));
  const [first, second] = answers;
  if (first?.accepted !== true || second?.accepted !== true) throw new Error('refused');
  expect(second.certificate).toBe(first.certificate);
  expect(await allRuns()).toHaveLength(1);
});

test('an instance id that comes back after another power-on is another claim and another run', async () => {
  const document = (pendingTime: string) => ({
    identity_document: JSON.stringify({ instanceId: 'i-1', pendingTime, region: 'eu-west-1' }),
  });
  const first = await say(sayer, document('2026-01-01T00:00:00Z'));
  const second = await say(twin, document('2026-02-01T00:00:00Z'));
  if (first?.accepted !== true || second?.accepted !== true) throw new Error('refused');
  expect(second.run).not.toBe(first.run);
  expect(await allRuns()).toHaveLength(2);
});

test.each([
  ['a wrong token', { token: 'no' }, 'TOKEN_WRONG'],
  ['an unknown group', { group: 'nobody' }, 'GROUP_UNKNOWN'],
  ['a signing request for another name', { instance_id: 'i-2' }, 'CSR'],
])('%s is refused and counted', async (_, parts, reason) => {
  expect(await say(sayer, parts)).toMatchObject({ accepted: false, reason: 'REFUSED' });
  expect(await refusals()).toEqual({ [reason]: 1 });
  expect(await allRuns()).toHaveLength(0);
  expect(grants).toEqual([]);
});

test.each([-400_000, -40 * 86_400_000, 400_000])(
  'a hello whose clock is off by %d ms is refused and told the time',
  async (offMs) => {
    const answer = await say(sayer, { iat_ms: Date.now() + offMs });
    expect(answer).toMatchObject({ accepted: false, reason: 'CLOCK' });
    expect(Math.abs((answer?.iat_ms ?? 0) - Date.now())).toBeLessThan(5000);
    expect(await refusals()).toEqual({ CLOCK: 1 });
    expect(await allRuns()).toHaveLength(0);
  },
);

test('what cannot be opened has no answer and is counted', async () => {
  await hear(Buffer.from('nonsense'), deps, tally);
  await hear(Buffer.alloc(40_000), deps, tally);
  expect(await refusals()).toEqual({ FORMAT: 1, SIZE: 1 });
  expect(published).toEqual([]);
});

test('a hello stays in the queue while the broker cannot make its login, and then is completed', async () => {
  const handlers: MessageHandler[] = [];
  const settled: string[] = [];
  const subscribe: Bus['subscribe'] = async (_, handler) => {
    handlers.push(handler);
    return { close: async () => undefined };
  };
  deps = { ...deps, bus: { ...deps.bus, subscribe } };
  let down = true;
  const grant = async () => {
    if (down) throw new MusterError('BROKER_UNREACHABLE', 'management is away');
  };
  await consumeHellos({ ...deps, grant });
  const { bytes } = await sayer.hello(controller.certificatePem);
  const deliver = async () => {
    handlers[0]?.(bytes, { ack: () => void settled.push('ack'), nack: () => void settled.push('nack') });
    const before = settled.length;
    while (settled.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await deliver();
  expect([settled, published.length, (await allRuns()).length]).toEqual([['nack'], 0, 0]);
  down = false;
  await deliver();
  expect([settled, published.length, (await allRuns()).length]).toEqual([['nack', 'ack'], 1, 1]);
});

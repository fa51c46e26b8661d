import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuditStore } from '../../../src/controller/audit.ts';
import type { Operations } from '../../../src/controller/operations.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import type { AuditEntry } from '../../../src/core/audit.ts';
import { CHAIN_START, chainLine } from '../../../src/trust/audit/chain.ts';
import { createHelloScene } from '../../kit/hello-scene.ts';
import { controllerAudit } from '../../kit/operations.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer } from '../../kit/run-hello.ts';

let redis: TestRedis;
let door: RedisDoor;
let store: AuditStore;
let operations: Operations;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  door = await redis.door();
  ({ store, operations } = controllerAudit(door));
});

const all = { sinceMs: 0, limit: 1000 };
const decision = (id: string): AuditEntry => ({
  kind: 'decision',
  ...{ request_id: id, caller: 'cert=alice', collective: 'mcollective', agent: 'rpcutil', action: 'ping' },
  ...{ request_time: 1, sender: 'alice', role: 'operator', data: {}, verdict: 'allow', policy: 'p:1' },
  reason: 'r',
});

/** The lines of a node's chain as it sends them. */
function linesOf(entries: readonly AuditEntry[]): string[] {
  let head = CHAIN_START;
  return entries.map((entry) => {
    const next = chainLine(entry, head, Date.now());
    ({ head } = next);
    return next.line;
  });
}
const some = (count: number, salt = '') =>
  linesOf(Array.from({ length: count }, (_, index) => decision(`${salt}${index + 1}`)));

describe('lines of nodes', () => {
  test('are kept once, whoever brings them how often at the same time', async () => {
    const lines = some(100);
    const again = controllerAudit(door).store;
    const pieces = [lines.slice(0, 50), lines.slice(25, 75), lines.slice(50), lines];
    await Promise.all(pieces.flatMap((piece) => [store, again].map((one) => one.keep('web1', piece))));
    expect((await store.find(all)).length).toBe(100);
    expect(await door.quick.xlen(door.key('audit', 'mcollective'))).toBe(100);
    expect(await store.chains()).toMatchObject([{ name: 'web1', seq: 100, missing: [], breaks: [] }]);
  });

  test('that are missing are told, until they come', async () => {
    const lines = some(10);
    await store.keep('web1', [...lines.slice(0, 3), ...lines.slice(6)]);
    expect(await store.chains()).toMatchObject([{ name: 'web1', missing: [{ from: 4, to: 6 }] }]);
    expect(await store.compare('web1', { seq: 10, hash: 'f'.repeat(64), atMs: 0 })).toMatchObject({
      from: 1,
    });
    await store.keep('web2', [...lines.slice(0, 3), ...lines.slice(6)]);
    await store.keep('web2', lines.slice(3, 6));
    expect((await store.chains())[1]).toMatchObject({ name: 'web2', seq: 10, missing: [] });
  });

  test('cannot pass for what a controller has decided', async () => {
    const forged: AuditEntry = {
      kind: 'operation',
      ...{
        request_id: 'x',
        request_time: 1,
        caller: 'cert=controller',
        sender: 'controller',
        role: 'controller',
      },
      ...{
        agent: 'quarantine',
        action: 'approve',
        subject: 'q1',
        data: {},
        verdict: 'allow',
        reason: '',
        count: 1,
      },
    };
    await store.keep('liar', linesOf([decision('1'), forged, decision('3')]));
    expect((await store.find(all)).map(({ decision: line }) => line.kind)).toEqual(['decision', 'decision']);
    expect(await store.chains()).toMatchObject([{ name: 'liar', missing: [{ from: 2, to: 2 }] }]);
  });
});

describe('what controllers and operators decide', () => {
  test('is a chain of each of them, also when many write at once', async () => {
    const twin = controllerAudit(door).operations;
    const noted = Array.from({ length: 20 }, (_, index) =>
      [operations, twin].map((one) => one.note({ agent: 'ca', action: 'issue', subject: `web${index}` })),
    );
    await Promise.all(noted.flat());
    expect(await store.chains()).toMatchObject([
      { name: 'cert=controller', seq: 40, missing: [], breaks: [] },
    ]);
    const found = await store.find({ ...all, node: 'web7', caller: 'controller', agent: 'ca#issue' });
    expect(found).toHaveLength(2);
  });

  test('says how it ended, and holds no secret and no control character', async () => {
    const operation = { agent: 'quarantine', action: 'approve', subject: 'q1', reason: 'new\u001b[31m disk' };
    const data = { token: 'abc123def456', note: 'fine' };
    await operations.carry({ ...operation, data }, async () => 1);
    await expect(operations.carry(operation, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    expect(await store.find(all)).toMatchObject([
      {
        node: 'controller',
        decision: { reason: 'new [31m disk', data: { token: '[redacted]', note: 'fine' }, verdict: 'allow' },
        outcome: { status: 0, code: null },
      },
      { outcome: { status: 1, code: 'INTERNAL' } },
    ]);
  });

  test('is not done when it cannot be written', async () => {
    const own = await startRedis();
    const { operations: cut } = controllerAudit(await own.door());
    await own.stop();
    let done = false;
    const carried = cut.carry({ agent: 'ca', action: 'revoke', subject: 'web1' }, async () => {
      done = true;
    });
    await expect(carried).rejects.toMatchObject({ code: 'AUDIT_FAILED' });
    expect(done).toBe(false);
  });
});

test('a hello that is accepted leaves one line and its certificate another, a flood of refused ones two a reason', async () => {
  const scene = await createHelloScene(door);
  const [first, second] = await Promise.all(['i-1', 'i-2'].map((name) => createSayer(name, '.example.org')));
  if (first === undefined || second === undefined) throw new Error('no sayers');
  for (let count = 0; count < 3; count++) expect(await scene.say(first)).toMatchObject({ accepted: true });
  for (let count = 0; count < 5; count++) await scene.say(second, { token: 'wrong' });
  await expect.poll(() => store.find(all), { timeout: 5000 }).toHaveLength(3);
  const found = (await store.find(all)).map(({ decision: line }) => line);
  expect(found).toMatchObject([
    {
      ...{ agent: 'hello', action: 'accept', verdict: 'allow', subject: 'i-1.example.org' },
      data: { instance: 'i-1', group: 'web', evidence: 'join token' },
    },
    { agent: 'ca', action: 'issue', subject: 'i-1.example.org' },
    { agent: 'hello', action: 'accept', verdict: 'deny', reason: 'TOKEN_WRONG', subject: 'i-2', count: 1 },
  ]);
  expect(await store.find({ ...all, node: 'i-1.example.org' })).toHaveLength(2);
  expect(await door.quick.xlen(door.key('audit', ':refused'))).toBe(1);
});

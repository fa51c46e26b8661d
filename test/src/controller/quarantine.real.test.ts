import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Quarantined } from '../../../src/controller/quarantine.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import { createCa } from '../../../src/trust/ca.ts';
import { openCaBook } from '../../../src/trust/ca-book.ts';
import { createHelloScene, type HelloScene } from '../../kit/hello-scene.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer, type HelloSayer } from '../../kit/run-hello.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

let redis: TestRedis;
let door: RedisDoor;
let scene: HelloScene;
let first: HelloSayer;
let second: HelloSayer;
let third: HelloSayer;
let dir: string;
beforeAll(async () => {
  redis = await startRedis();
  dir = await mkdtemp(join(tmpdir(), 'muster-quarantine-'));
  const make = () => createSayer('i-1', '.example.org');
  [first, second, third] = await Promise.all([make(), make(), make()]);
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});
beforeEach(async () => {
  door = await redis.door();
  scene = await createHelloScene(door, ['web', 'db']);
});

async function onlyRecord(): Promise<Quarantined> {
  const [record, ...more] = await scene.quarantine.list();
  if (record === undefined || more.length > 0) throw new Error(JSON.stringify({ record, more }));
  return record;
}

const said = (verdict: 'approved' | 'rejected') => ({ verdict, reason: 'r', by: 'alice', atMs: 1 });

describe('a second key for a claimed instance', () => {
  test('is put into quarantine once, with both keys, and tells people without a secret', async () => {
    await scene.say(first);
    expect(await scene.say(second)).toMatchObject({ accepted: false, reason: 'REFUSED' });
    await scene.say(second);
    const record = await onlyRecord();
    expect(record).toMatchObject({
      instanceId: 'i-1',
      identity: 'i-1.example.org',
      group: 'web',
      decision: null,
    });
    expect(record.held.busSpki).not.toBe(record.asking.busSpki);
    expect(record.evidence).toBe('join token');
    // The same id each time: whoever sends it on sends it once.
    expect(new Set(scene.alarms.map(({ id }) => id))).toEqual(new Set([`alarm-${record.id}`]));
    expect(scene.alarms[0]?.subject).toMatch(/^ALARM i-1\.example\.org/);
    expect(scene.alarms[0]?.body).toContain(`muster quarantine approve ${record.id} --reason`);
    await expect.poll(() => scene.deps.claims.refusals(), { timeout: 5000 }).toEqual({ CLAIM_TAKEN: 2 });
  });

  test('gets in when it is approved, with a new certificate and run; the first one is in quarantine then', async () => {
    const before = await scene.say(first);
    await scene.say(second);
    await scene.quarantine.decide((await onlyRecord()).id, said('approved'));
    const after = await scene.say(second);
    if (before?.accepted !== true || after?.accepted !== true) throw new Error('refused');
    expect(after.run).not.toBe(before.run);
    expect(after.certificate).not.toBe(before.certificate);
    expect(await scene.say(first)).toMatchObject({ accepted: false });
    expect(await scene.quarantine.list()).toHaveLength(2);
  });

  test('stays out when it is rejected, and wakes nobody any more', async () => {
    await scene.say(first);
    await scene.say(second);
    await scene.quarantine.decide((await onlyRecord()).id, said('rejected'));
    const told = scene.alarms.length;
    expect(await scene.say(second)).toMatchObject({ accepted: false });
    expect(scene.alarms).toHaveLength(told);
    await expect
      .poll(() => scene.deps.claims.refusals(), { timeout: 5000 })
      .toEqual({ CLAIM_TAKEN: 1, QUARANTINE_REJECTED: 1 });
    expect(await scene.say(first)).toMatchObject({ accepted: true });
  });

  test('is decided once: of two operators one wins, and the claim follows him', async () => {
    await scene.say(first);
    await scene.say(second);
    const { id } = await onlyRecord();
    const results = await Promise.allSettled(
      (['approved', 'rejected', 'approved', 'rejected'] as const).map((verdict) =>
        scene.quarantine.decide(id, said(verdict)),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { decision } = await onlyRecord();
    expect(await scene.say(second)).toMatchObject({ accepted: decision?.verdict === 'approved' });
    await expect(scene.quarantine.decide(id, said('approved'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(scene.quarantine.decide('nobody', said('approved'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('cannot be approved after another one was', async () => {
    await scene.say(first);
    await scene.say(second);
    await scene.say(third);
    const [one, other] = await scene.quarantine.list();
    await scene.quarantine.decide(one?.id ?? '', said('approved'));
    await expect(scene.quarantine.decide(other?.id ?? '', said('approved'))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await scene.quarantine.decide(other?.id ?? '', said('rejected'));
  });

  test('does not slip in by another group', async () => {
    await scene.say(first);
    expect(await scene.say(second, { group: 'db' })).toMatchObject({ accepted: false });
    expect(await scene.say(first, { group: 'db' })).toMatchObject({ accepted: false });
    await expect
      .poll(() => scene.deps.claims.refusals(), { timeout: 5000 })
      .toEqual({ CLAIM_TAKEN: 1, CLAIM_GROUP: 1 });
    expect(scene.grants).toHaveLength(1);
  });

  test('that finds the quarantine full is refused all the same', async () => {
    await door.quick.hset(
      door.key('quarantine'),
      Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x${n}`, '{}'])),
    );
    await scene.say(first);
    expect(await scene.say(second)).toMatchObject({ accepted: false });
    await expect.poll(() => scene.deps.claims.refusals(), { timeout: 5000 }).toEqual({ QUARANTINE_FULL: 1 });
  });
});

describe('muster quarantine', () => {
  let managementUrl: string;
  let management: Server;
  beforeAll(async () => {
    await createCa(dir, { name: 'ca' });
    // A broker without any user.
    management = createServer((_request, response) => response.writeHead(404).end('{}'));
    await new Promise<void>((resolve) => management.listen(0, '127.0.0.1', resolve));
    const address = management.address();
    managementUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(() => management.close());

  async function muster(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const config = join(dir, `${door.prefix}.yaml`);
    const certificate = join(dir, 'alice.pem');
    await writeFile(certificate, (await (await testPki()).holder('alice', 'operator')).certificatePem);
    await writeFile(join(dir, 'password'), 'x');
    const broker = {
      host: 'x',
      management_url: managementUrl,
      management_password_file: join(dir, 'password'),
    };
    const settings = {
      redis: { url: redis.url, prefix: door.prefix },
      broker,
      trust: { dir, certificate, key: '/x' },
    };
    await writeFile(config, stringify(settings));
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...args, '--config', config], { cwd: dir }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  }

  test('lists, demands a reason, and keeps who decided why', async () => {
    expect((await muster('quarantine', 'list')).stdout).toBe('nothing waits in quarantine\n');
    await scene.say(first);
    await scene.say(second);
    const { id } = await onlyRecord();
    expect((await muster('quarantine', 'list')).stdout).toContain(id);
    expect((await muster('quarantine', 'approve', id)).code).toBe(2);
    expect((await muster('quarantine', 'approve', id, '--reason', ' ')).code).toBe(2);
    const approved = await muster('quarantine', 'approve', id, '--reason', 'disk was\nreplaced', '--json');
    expect(JSON.parse(approved.stdout)).toMatchObject({
      quarantine: { id, decision: { verdict: 'approved', by: 'alice', reason: 'disk was replaced' } },
    });
    expect(openCaBook(dir).revocations().get('i-1.example.org')).toMatchObject({
      barred: false,
      reason: `quarantine ${id} is decided`,
    });
    expect((await muster('quarantine', 'reject', id, '--reason', 'no')).code).toBe(2);
    expect((await muster('quarantine', 'reject', id, '--reason', 'not ours')).code).toBe(1);
    expect(JSON.parse((await muster('quarantine', 'list', '--json')).stdout)).toEqual({ quarantine: [] });
    expect((await muster('quarantine', 'list', '--all')).stdout).toContain(
      'approved by alice: disk was replaced',
    );
    expect(await scene.say(second)).toMatchObject({ accepted: true });
  });

  test('refusals are counted by reason', async () => {
    expect((await muster('refusals')).stdout).toBe('no hello was refused\n');
    await scene.say(first, { token: 'x' });
    // Counts are gathered for a second.
    await expect.poll(() => scene.deps.claims.refusals(), { timeout: 5000 }).toEqual({ TOKEN_WRONG: 1 });
    expect((await muster('refusals')).stdout).toMatch(/^REASON +HELLOS\nTOKEN_WRONG +1\n$/);
    expect(JSON.parse((await muster('refusals', '--json')).stdout)).toEqual({ refusals: { TOKEN_WRONG: 1 } });
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createAuditFile } from '../../../agent/audit/file.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createHelloScene } from '../../kit/hello-scene.ts';
import { controllerAudit } from '../../kit/operations.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer } from '../../kit/run-hello.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
let redis: TestRedis;
let door: RedisDoor;
let dir: string;
beforeAll(async () => {
  redis = await startRedis();
  door = await redis.door();
  dir = await mkdtemp(join(tmpdir(), 'muster-audit-'));
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});

/** A command of alice, an operator. */
async function muster(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const certificate = join(dir, 'alice.pem');
  await writeFile(certificate, (await (await testPki()).holder('alice', 'operator')).certificatePem);
  const config = join(dir, 'muster.yaml');
  const broker = { host: 'x', management_url: 'http://127.0.0.1:1', management_password_file: '/x' };
  const own = { redis: { url: redis.url, prefix: door.prefix }, trust: { certificate, key: '/x' } };
  await writeFile(config, stringify({ broker, ...own, groups: { dc: { attestor: 'one_time_token' } } }));
  const env = { NO_COLOR: '1', MUSTER_CONFIG: config };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test('what an operator does by a command is in the audit, with name, reason and outcome, before it is done', async () => {
  const scene = await createHelloScene(door);
  for (const one of await Promise.all([1, 2].map(() => createSayer('i-1', '.example.org'))))
    await scene.say(one);
  const [{ id } = { id: '' }] = await scene.quarantine.list();
  expect((await muster('quarantine', 'reject', id, '--reason', 'not ours')).code).toBe(0);
  expect((await muster('quarantine', 'approve', id, '--reason', 'changed my mind')).code).toBe(1);
  const issued = await muster('token', 'issue', 'db1', '--group', 'dc', '--json');
  const { token }: { token: string } = JSON.parse(issued.stdout);
  const { stdout } = await muster('audit', '--caller', 'alice');
  expect(stdout).toMatch(/alice +cert=alice +quarantine#reject i-1\.q\w+ +allow +not ours +OK in \d+ ms/);
  expect(stdout).toMatch(/quarantine#approve i-1\.q\w+ +allow +changed my mind +CONFLICT in \d+ ms/);
  expect(stdout).toMatch(/token#issue db1 +allow/);
  expect((await muster('audit', '--node', 'i-1.example.org')).stdout).toContain('quarantine#reject');
  const { stdout: everything } = await muster('audit', '--json');
  expect(everything).toContain('CLAIM_TAKEN');
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(everything).not.toContain(token);
});

test('a hole in the lines of a node is told by the list and by verify, whose exit code is 1', async () => {
  const path = join(dir, 'audit.log');
  const file = createAuditFile({ path, maxBytes: 1e6, keep: 3, clock: systemClock });
  const called = { request_id: '1', caller: 'cert=bob', collective: 'mcollective', agent: 'a', action: 'b' };
  for (let count = 0; count < 6; count++)
    await file.append({ kind: 'outcome', ...called, status: 0, code: null, took_ms: count });
  await file.close();
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const { store } = controllerAudit(door);
  await store.keep('web1', [...lines.slice(0, 2), ...lines.slice(4)]);
  const hole = 'web1: lines 3 to 4 are missing';
  expect((await muster('audit', '--node', 'web1')).stdout).toContain(hole);
  expect(JSON.parse((await muster('audit', '--node', 'web1', '--json')).stdout)).toMatchObject({
    problems: [expect.stringContaining(hole)],
  });
  expect((await muster('audit', '--node', 'web2')).stdout).not.toContain(hole);
  expect(await muster('audit', 'verify')).toMatchObject({ code: 1, stdout: expect.stringContaining(hole) });
  await store.keep('web1', lines.slice(2, 4));
  expect(await muster('audit', 'verify')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^lines of \d+: 0 holes and breaks\n$/),
  });
  expect((await muster('audit', 'verify', path, '--node', 'web1')).stdout).toContain(
    'compared with 6 lines that came of web1',
  );
  // Root on the node cuts the last two lines off, and writes the second anew as a chain of its own.
  await writeFile(path, `${lines.slice(0, 4).join('\n')}\n`);
  const cut = await muster('audit', 'verify', path, '--node', 'web1');
  expect(cut).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('number 6 came to the controllers and is not here'),
  });
  await rm(path);
  const anew = createAuditFile({ path, maxBytes: 1e6, keep: 3, clock: systemClock });
  for (let count = 0; count < 6; count++)
    await anew.append({ kind: 'outcome', ...called, status: 0, code: null, took_ms: 9 });
  await anew.close();
  expect((await muster('audit', 'verify', path)).code).toBe(0);
  expect(await muster('audit', 'verify', path, '--node', 'web1')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`${path}:1: number 1 is another than the one that came`),
  });
});

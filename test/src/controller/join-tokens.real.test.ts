import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createJoinTokens, type JoinTokens } from '../../../src/controller/join-tokens.ts';
import type { RedisDoor } from '../../../src/controller/redis.ts';
import oneTimeToken from '../../../src/trust/attestors/one_time_token.ts';
import { createHelloScene, type HelloScene } from '../../kit/hello-scene.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { createSayer, type HelloSayer } from '../../kit/run-hello.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const OF = { group: 'web', name: 'rack-7' };

let redis: TestRedis;
let door: RedisDoor;
let tokens: JoinTokens;
let scene: HelloScene;
let node: HelloSayer;
let thief: HelloSayer;
beforeAll(async () => {
  redis = await startRedis();
  const make = () => createSayer('rack-7', '.example.org');
  [node, thief] = await Promise.all([make(), make()]);
});
afterAll(() => redis.stop());
beforeEach(async () => {
  door = await redis.door();
  tokens = createJoinTokens(door);
  scene = await createHelloScene(door);
  const deps = { ...scene.deps, attestors: new Map([['web', { plugin: oneTimeToken, options: {} }]]) };
  Object.assign(scene.deps, deps);
});

test('of fifty who show one token at once, one gets in, and that one again', async () => {
  const token = await tokens.issue(OF, 60);
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  const results = await Promise.all(keys.map((key) => tokens.spend(OF, token, key)));
  const winner = keys[results.indexOf(true)] ?? '';
  expect(results.filter(Boolean)).toHaveLength(1);
  expect(await tokens.spend(OF, token, winner)).toBe(true);
});

test('a token is good for its name and group alone, until it ends or another takes its place', async () => {
  const token = await tokens.issue(OF, 60);
  expect(await tokens.spend({ ...OF, name: 'rack-8' }, token, 'k')).toBe(false);
  expect(await tokens.spend({ ...OF, group: 'db' }, token, 'k')).toBe(false);
  expect(await tokens.spend(OF, `${token}x`, 'k')).toBe(false);
  const next = await tokens.issue(OF, 60);
  expect(await tokens.spend(OF, token, 'k')).toBe(false);
  expect(await door.quick.pttl(door.key('token', 'web', 'rack-7'))).toBeGreaterThan(50_000);
  await door.quick.pexpire(door.key('token', 'web', 'rack-7'), 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await tokens.spend(OF, next, 'k')).toBe(false);
});

test('only its hash is kept', async () => {
  const token = await tokens.issue(OF, 60);
  expect(JSON.stringify(await door.quick.hgetall(door.key('token', 'web', 'rack-7')))).not.toContain(token);
});

test('a node with its token is accepted, also when it repeats itself after the token has ended; a thief is not', async () => {
  expect(await scene.say(node, { token: 'guessed' })).toMatchObject({ accepted: false });
  const token = await tokens.issue(OF, 60);
  expect(await scene.say(node, { token })).toMatchObject({ accepted: true, identity: 'rack-7.example.org' });
  expect(await scene.say(thief, { token })).toMatchObject({ accepted: false });
  await door.quick.del(door.key('token', 'web', 'rack-7'));
  expect(await scene.say(node, { token })).toMatchObject({ accepted: true });
  expect(await scene.say(thief, { token })).toMatchObject({ accepted: false });
  await expect.poll(() => scene.deps.claims.refusals(), { timeout: 5000 }).toEqual({ TOKEN_SPENT: 3 });
});

test('muster token issue prints a token that is good, and nothing for another group', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-token-'));
  const path = join(dir, 'muster.yaml');
  const certificate = join(dir, 'alice.pem');
  await writeFile(certificate, (await (await testPki()).holder('alice', 'operator')).certificatePem);
  const settings = {
    redis: { url: redis.url, prefix: door.prefix },
    broker: { host: 'x', management_url: 'http://127.0.0.1:1', management_password_file: '/x' },
    trust: { certificate, key: '/x' },
    groups: { web: { attestor: 'one_time_token' }, cloud: { attestor: 'token' } },
  };
  await writeFile(path, stringify(settings));
  const issue = (...args: string[]) =>
    new Promise<{ code: number; stdout: string }>((resolve) => {
      const argv = [MAIN, 'token', 'issue', ...args, '--config', path];
      execFile(process.execPath, argv, { cwd: dir }, (error, stdout) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout }),
      );
    });
  const { stdout } = await issue('rack-7', '--group', 'web', '--ttl', '60');
  expect(stdout).toMatch(/^[\w-]{32}\n$/);
  expect(await scene.say(node, { token: stdout.trim() })).toMatchObject({ accepted: true });
  expect((await issue('rack-7', '--group', 'cloud')).code).toBe(2);
  expect((await issue('rack-7', '--group', 'web', '--ttl', 'soon')).code).toBe(2);
  expect((await issue('Rack 7', '--group', 'web')).code).toBe(2);
  await rm(dir, { recursive: true });
});

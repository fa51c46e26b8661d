import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { type FleetScene, startFleetScene } from './fleet-scene.ts';

const MUSTER = fileURLToPath(new URL('../../../src/cli/muster.mjs', import.meta.url));
const AGENTS = ['rpcutil', 'puppet', 'puppetral', 'service', 'package', 'nrpe'];
let broker: TestBroker;
let redis: TestRedis;
let fleet: FleetScene;
let dir: string;

beforeAll(async () => {
  const collectives = ['mcollective'];
  [broker, redis] = await Promise.all([startBroker({ collectives, operators: ['op'] }), startRedis()]);
  dir = await mkdtemp(join(tmpdir(), 'muster-absent-'));
  fleet = await startFleetScene({ broker, redis, collectives, dir }, [
    { name: 'web1', facts: { role: 'web' } },
    { name: 'web2', facts: { role: 'web' } },
    ...['app1', 'app2', 'app3', 'app5'].map((name) => ({ name, facts: { role: 'app' }, agents: AGENTS })),
    { name: 'app4', facts: { role: 'app' }, agents: AGENTS, silent: true },
    { name: 'old1', facts: { role: 'web' }, gone: true, agents: AGENTS },
    { name: 'old2', facts: { role: 'db' }, gone: true, agents: AGENTS },
  ]);
});
afterAll(async () => {
  await fleet?.stop();
  await Promise.all([broker?.stop(), redis?.stop(), rm(dir, { recursive: true, force: true })]);
});

const ASKS = [
  ['ping'],
  ['find'],
  ['facts role'],
  ['nrpe check_load'],
  ['rpc rpcutil ping'],
  ['puppet status'],
  ['puppet summary'],
  ['puppet count'],
  ['puppet runonce --wait'],
  ['service sshd status'],
  ['package bash status'],
  ['ral search user'],
  ['data fact role'],
  ['rpc rpcutil ping --no-response'],
] as const;

describe('nodes that stopped registering', () => {
  it.each(ASKS)('are named in the document of muster %s', async (command) => {
    const { stdout } = await fleet.sh(`muster ${command} -F role=web --json`);
    const { gone, request_stats: { gone: inStats } = { gone } } = JSON.parse(stdout);
    expect(inStats).toEqual(['old1']);
  });

  it('are named in lines of JSON, and counted among all with inventory --list-collectives', async () => {
    const { stdout } = await fleet.sh('muster rpc rpcutil ping --jsonl -F role!=app');
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ kind: 'request_stats', discovered: 2, gone: ['old1', 'old2'] },
    });
    const { stdout: all } = await fleet.sh('muster inventory --list-collectives --json');
    expect(JSON.parse(all)).toEqual({ collectives: { mcollective: 9 }, nodes: 9, gone: ['old1', 'old2'] });
  });

  it('are told to people on standard error, by find too, and are no names for the next command', async () => {
    const line = 'Not asked, because they stopped registering (-I NAME asks them all the same): old1';
    const found = await fleet.sh('muster find -F role=web');
    expect(found).toEqual({ code: 0, stdout: 'web1\nweb2\n', stderr: `${line}\n` });
    expect((await fleet.sh('muster find -F role=web -q')).stderr).toBe('');
    expect((await fleet.sh('muster find -F role!=app --json | muster find')).stdout).toBe('web1\nweb2\n');
  });
});

/** A command that is told to end once it has got so far. */
async function stopped(
  line: string,
  at: { signal: NodeJS.Signals; when: (said: { stdout: string; stderr: string }) => boolean },
) {
  const said = { stdout: '', stderr: '' };
  const child = spawn(process.execPath, [MUSTER, ...line.split(' ')], {
    env: { PATH: process.env.PATH, MUSTER_CONFIG: fleet.config },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      said[name] += chunk.toString();
    });
  const end = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await expect.poll(() => at.when(said), { timeout: 60_000 }).toBe(true);
  child.kill(at.signal);
  return { ...said, code: await end, ...said };
}

describe('a request that somebody ends', () => {
  // One batch after the other: when app3 is called, app1 and app2 have answered. app4 is silent, app5 would be next.
  const SLOW = '-F role=app --batch 2 --batch-sleep 0 -t 300';
  const isInSecond = () => fleet.calls.some((call) => call.startsWith('app3 '));

  beforeEach(() => {
    fleet.calls.length = 0;
  });

  it.each([
    ['ping', 'SIGINT', 130],
    ['find', 'SIGTERM', 143],
    ['facts role', 'SIGINT', 130],
    ['data fact role', 'SIGTERM', 143],
    ['rpc rpcutil ping', 'SIGINT', 130],
  ] as const)(
    'as muster %s --json on %s prints one document of what has come',
    async (command, signal, code) => {
      const ended = await stopped(`${command} ${SLOW} --json`, { signal, when: isInSecond });
      const { request_stats: stats, ...document } = JSON.parse(ended.stdout);
      const { no_responses: silent, interrupted } = stats ?? document;
      expect(interrupted).toEqual({ signal, not_asked: ['app5'] });
      expect(silent).toContain('app4');
      for (const name of ['app1', 'app2'])
        expect(JSON.stringify({ ...document, summaries: [] })).toContain(name);
      expect(ended.stderr).toMatch(
        /^muster: INTERRUPTED: rpcutil#\w+ was interrupted by SIG\w+: \d answered, \d did not, 1 not asked\n/,
      );
      expect(ended.code).toBe(code);
    },
  );

  it('as text tells who answered, who did not and who was not asked', async () => {
    const found = await stopped(`find ${SLOW}`, { signal: 'SIGINT', when: isInSecond });
    expect(found).toMatchObject({ code: 130, stdout: expect.stringMatching(/^app1\napp2\n/) });
    expect(found.stderr).toMatch(/^No response from: .*app4\nNot asked: app5\nmuster: INTERRUPTED: /);
    fleet.calls.length = 0;
    const asked = await stopped(`rpc rpcutil ping ${SLOW}`, { signal: 'SIGTERM', when: isInSecond });
    expect(asked.code).toBe(143);
    expect(asked.stdout).toMatch(
      /Finished processing \d \/ 5 hosts in .*\n\nNo response from:\n\n.*app4\n\nNot asked:\n\n {3}app5\n$/,
    );
  });

  it('while it waits for runs of Puppet tells how to go on, and which had ended', async () => {
    // When app2 is asked again, app1 has told that its run ended.
    const isAskedAgain = () => fleet.calls.filter((call) => call === 'app2 puppet#run_status').length > 1;
    const line = 'puppet runonce --wait -I app1 -I app2';
    const asked = await stopped(line, { signal: 'SIGINT', when: isAskedAgain });
    expect(asked.code).toBe(130);
    expect(asked.stdout).toMatch(
      /The runs go on; how they end: muster puppet run_status runonce-\S+\n\nFinished processing 1 \/ 2 hosts/,
    );
    fleet.calls.length = 0;
    const json = await stopped(`${line} --json`, { signal: 'SIGTERM', when: isAskedAgain });
    expect(json.code).toBe(143);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ action: 'run_status', run: expect.stringMatching(/^runonce-/), replies: [{ sender: 'app1' }] },
      request_stats: { no_responses: ['app2'], interrupted: { signal: 'SIGTERM', not_asked: [] } },
    });
  });

  it('before it is sent says that nothing was sent', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const line = `ping -t 60 --json --set broker.host=127.0.0.1 --set broker.port=${port}`;
    const ended = await stopped(line, { signal: 'SIGINT', when: () => sockets.length > 0 });
    for (const socket of sockets) socket.destroy();
    mute.close();
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: { code: 'INTERRUPTED', message: 'interrupted by SIGINT: rpcutil#ping was not sent' },
    });
    expect(ended.code).toBe(130);
  });
});

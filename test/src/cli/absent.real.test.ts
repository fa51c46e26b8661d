import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { type FleetScene, startFleetScene } from './fleet-scene.ts';

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
    const { stdout } = await fleet.sh('muster rpc rpcutil ping --jsonl');
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ kind: 'request_stats', discovered: 2, gone: ['old1', 'old2'] },
    });
    const { stdout: all } = await fleet.sh('muster inventory --list-collectives --json');
    expect(JSON.parse(all)).toEqual({ collectives: { mcollective: 4 }, nodes: 4, gone: ['old1', 'old2'] });
  });

  it('are told to people on standard error, by find too, and are no names for the next command', async () => {
    const line = 'Not asked, because they stopped registering (-I NAME asks them all the same): old1';
    const found = await fleet.sh('muster find -F role=web');
    expect(found).toEqual({ code: 0, stdout: 'web1\nweb2\n', stderr: `${line}\n` });
    expect((await fleet.sh('muster find -F role=web -q')).stderr).toBe('');
    expect((await fleet.sh('muster find --json | muster find')).stdout).toBe('web1\nweb2\n');
  });
});

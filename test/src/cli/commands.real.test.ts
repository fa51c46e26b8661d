import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { type FleetScene, startFleetScene } from './fleet-scene.ts';

let broker: TestBroker;
let redis: TestRedis;
let fleet: FleetScene;
let dir: string;
const ALL = ['db1', 'db2', 'web1', 'web2', 'web3'];
const lines = (...names: string[]) => names.map((name) => `${name}\n`).join('');
const called = (what: string) =>
  fleet.calls.filter((call) => call.endsWith(what)).map((call) => call.split(' ')[0]);

beforeAll(async () => {
  const collectives = ['mcollective', 'eu'];
  [broker, redis] = await Promise.all([startBroker({ collectives, operators: ['op'] }), startRedis()]);
  dir = await mkdtemp(join(tmpdir(), 'muster-fleet-'));
  fleet = await startFleetScene({ broker, redis, collectives, dir }, [
    { name: 'web1', facts: { role: 'web', cores: '2' }, classes: ['apache'], up: true, collectives },
    { name: 'web2', facts: { role: 'web', cores: '8' }, classes: ['apache'], up: false },
    { name: 'web3', facts: { role: 'web', cores: '16' }, up: true },
    { name: 'db1', facts: { role: 'db', cores: '16' }, classes: ['mysql'], up: true },
    { name: 'db2', facts: { role: 'db', cores: '32' } },
    { name: 'gone1', facts: { role: 'gone' }, silent: true },
  ]);
});
afterAll(async () => {
  await fleet?.stop();
  await Promise.all([broker?.stop(), redis?.stop(), rm(dir, { recursive: true, force: true })]);
});
beforeEach(() => {
  fleet.calls.length = 0;
});

describe('filters', () => {
  it.each([
    ['-F role=web', ['web1', 'web2', 'web3']],
    ['-F "cores>=16" -F role=web', ['web3']],
    ['-C apache', ['web1', 'web2']],
    ['-W "apache cores=8"', ['web2']],
    ['-I web1 -I db1', ['db1', 'web1']],
    ['-I /^db/', ['db1', 'db2']],
    ['-A provision -C /sql/', ['db1']],
    ["-S '(apache or mysql) and !role=db'", ['web1', 'web2']],
    ["-S 'probe().up=true and role=web'", ['web1', 'web3']],
    ['-I web1 -I web2 -F cores=8', ['web2']],
    ['-T eu', ['web1']],
    ['--dm broadcast -F role=db', ['db1', 'db2']],
  ])('%s', async (filter, names) => {
    const { stdout, code } = await fleet.sh(`muster find ${filter}`);
    expect({ stdout, code }).toEqual({ stdout: lines(...names), code: 0 });
  });

  it('that cannot be read are shown with a caret before anything is connected, with exit code 1', async () => {
    const ended = await fleet.sh("muster ping --config /nowhere -S 'apache and (role=web'");
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain("'(' without ')'\n  apache and (role=web\n             ^\n");
  });

  it('nobody waits for nodes that a data plug-in does not mean', async () => {
    const startMs = performance.now();
    expect(await fleet.sh("muster find -S 'probe().up=true' -F role=web --dt 50")).toMatchObject({ code: 0 });
    expect(performance.now() - startMs).toBeLessThan(40_000);
  });
});

describe('a request', () => {
  it('prints the line of discovery, a block a node, and how many answered', async () => {
    const { stdout, stderr, code } = await fleet.sh(
      'muster rpc rpcutil get_fact fact=cores -C apache --sort',
    );
    expect(stderr).toBe('Discovering hosts using the registry method .... 2\n\n');
    expect(stdout.replace(/in [\d.]+ ms/, 'in X ms')).toBe(
      'web1\n    Fact: cores\n   Value: 2\n\nweb2\n    Fact: cores\n   Value: 8\n\nFinished processing 2 / 2 hosts in X ms\n',
    );
    expect(code).toBe(0);
  });

  it('names a known node that is silent, and ends with 2; with 3 when nobody answered, 4 when it was named', async () => {
    const some = await fleet.sh("muster rpc rpcutil ping -S 'role=db or role=gone' -t 2 --display none");
    expect(some.code).toBe(2);
    expect(some.stdout).toMatch(
      /^Finished processing 2 \/ 3 hosts in [\d.]+ ms\n\nNo response from:\n\n {3}gone1\n$/,
    );
    expect((await fleet.sh('muster ping -F role=gone -t 1')).code).toBe(3);
    expect((await fleet.sh('muster ping -I gone1 -t 1')).code).toBe(4);
  });

  it('that finds nobody sends nothing, and ends with 1', async () => {
    const ended = await fleet.sh('muster rpc rpcutil ping -F role=none');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('No request sent, we did not discover any nodes.');
    expect(fleet.calls).toEqual([]);
  });

  it('goes to the first by name with --limit, to a part, to one, and to the same by chance for the same seed', async () => {
    const ask = async (options: string) =>
      (await fleet.sh(`muster rpc rpcutil ping -F role!=gone --senders ${options}`)).stdout;
    expect(await ask('--limit 2')).toBe(lines('db1', 'db2'));
    expect(await ask('--limit 50%')).toBe(lines('db1', 'db2', 'web1'));
    expect(await ask('-1')).toBe(lines('db1'));
    const [once, again] = [await ask('--limit 2 --limit-seed 5'), await ask('--limit 2 --limit-seed 5')];
    expect(once).toBe(again);
    expect(once).not.toBe(lines('db1', 'db2'));
  });

  it('goes out in batches, one after the other', async () => {
    const ended = await fleet.sh('muster rpc rpcutil ping -F role!=gone --batch 2 --batch-sleep 0.2 --json');
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout).request_stats).toMatchObject({ ok: 5, discovered: 5, no_responses: [] });
    const order = called('rpcutil#ping');
    expect([order.slice(0, 2).sort(), order.slice(2, 4).sort(), order.slice(4)]).toEqual([
      ALL.slice(0, 2),
      ALL.slice(2, 4),
      ALL.slice(4),
    ]);
  });

  it('prints JSON, lines of JSON, a table; and only the replies that a filter lets through', async () => {
    const get = 'muster rpc rpcutil get_fact fact=cores -F role=web';
    expect(JSON.parse((await fleet.sh(`${get} --json`)).stdout)).toMatchObject({
      agent: 'rpcutil',
      action: 'get_fact',
      replies: [
        { sender: 'web1', statuscode: 0, statusmsg: 'OK', data: { fact: 'cores', value: '2' } },
        {},
        {},
      ],
      request_stats: { ok: 3, failed: 0, responses: 3, requestid: expect.stringMatching(/^[0-9a-f]{32}$/) },
      summaries: [],
    });
    const kinds = (await fleet.sh(`${get} --jsonl`)).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(['discovered', 'reply', 'reply', 'reply', 'request_stats']);
    expect((await fleet.sh(`${get} --table`)).stdout).toContain('Sender  Fact   Value\nweb1    cores  2\n');
    expect((await fleet.sh(`${get} --senders --filter-replies 'ok() && data("value") > 4'`)).stdout).toBe(
      lines('web2', 'web3'),
    );
    const named = 'muster rpc --agent rpcutil --action get_fact --argument fact=cores -F role=db --senders';
    expect((await fleet.sh(named)).stdout).toBe(lines('db1', 'db2'));
    await fleet.sh(`${get} --senders -o names.txt`);
    expect((await fleet.sh('cat names.txt')).stdout).toBe(lines('web1', 'web2', 'web3'));
  });
});

describe('nodes come from', () => {
  it('an earlier command: those that answered well', async () => {
    const chain = await fleet.sh(
      "muster rpc rpcutil get_fact fact=cores -F role=web --json --filter-replies 'data.value>4' | muster rpc rpcutil ping --senders",
    );
    expect(chain).toMatchObject({ code: 0, stdout: lines('web2', 'web3') });
    const none = await fleet.sh('muster find -F role=none --json | muster rpc rpcutil ping');
    expect(none.code).toBe(1);
    expect(called('rpcutil#ping')).toHaveLength(2);
    const empty = await fleet.sh('muster find -F role=none | muster rpc rpcutil ping');
    expect(empty.stderr).toContain('nothing came through the pipe, so all nodes are meant');
  });

  it('standard input, a file, and both narrowed by filters', async () => {
    await writeFile(join(dir, 'nodes'), '# some\nweb1\n\ndb1\n');
    expect((await fleet.sh('echo web3 | muster find')).stdout).toBe(lines('web3'));
    expect((await fleet.sh('muster find --nodes nodes')).stdout).toBe(lines('db1', 'web1'));
    expect((await fleet.sh('muster find --nodes nodes -F role=db')).stdout).toBe(lines('db1'));
    expect((await fleet.sh('muster find --nodes - <nodes')).stdout).toBe(lines('db1', 'web1'));
    expect((await fleet.sh('echo "we b" | muster find')).stderr).toContain(
      "standard input:1: 'we b' is no name of a node",
    );
  });
});

describe('a change', () => {
  const lock = 'muster rpc provision lock_deploy owner=op';

  it('of the whole fleet is refused where nobody can be asked, and done with --yes', async () => {
    const refused = await fleet.sh(lock);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'provision#lock_deploy would change all 6 nodes of mcollective: no filter is given',
    );
    expect(refused.stderr).toContain('--yes');
    expect(fleet.calls).toEqual([]);
    expect((await fleet.sh(`${lock} --yes -t 2`)).code).toBe(2);
    expect(called('#lock_deploy').sort()).toEqual(ALL);
  });

  it('prints failures alone, and is not asked about when a filter is given', async () => {
    const { code, stdout } = await fleet.sh(`${lock} -F role=web`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Finished processing 3 \/ 3 hosts in [\d.]+ ms\n$/);
  });
});

describe('without waiting', () => {
  it('a request is sent, its id printed, and nodes do it', async () => {
    const { code, stdout } = await fleet.sh('muster rpc rpcutil ping --nr -F role=web');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Request sent with id: [0-9a-f]{32}\n$/);
    await expect.poll(() => called('rpcutil#ping').sort()).toEqual(['web1', 'web2', 'web3']);
  });

  it('answers go where another command of the same person listens', async () => {
    const listening = fleet.sh(
      'muster rpc --listen nightly -t 20 >heard.txt & sleep 4; muster rpc rpcutil get_fact fact=role -C mysql --reply-to nightly; sleep 3; kill %1; wait; cat heard.txt',
    );
    const { stdout } = await listening;
    const id = /Request sent with id: ([0-9a-f]{32})/.exec(stdout)?.[1];
    expect(stdout).toContain(`rpcutil#get_fact ${id}\ndb1\n    Fact: role\n   Value: db\n`);
  });
});

it('facts, ping and inventory are as people know them', async () => {
  const facts = await fleet.sh('muster facts role -F role!=gone -v');
  expect(facts.stdout).toContain(
    `Report for fact: role\n\n        ${'web'.padEnd(40)} found 3 times\n\n            web1\n`,
  );
  const ping = await fleet.sh('muster ping -F role=web --graph --expect 3');
  expect(ping.stdout).toMatch(/^web\d {36} time=[\d.]+ ms$/m);
  expect(ping.stdout).toMatch(
    /---- ping statistics ----\n3 replies max: [\d.]+ min: [\d.]+ avg: [\d.]+\n\n[▁-█]+ {2}50 ms each\n$/,
  );
  expect((await fleet.sh('muster ping -F role=web --expect 4 -t 1')).code).toBe(2);
  const inventory = await fleet.sh('muster inventory web1');
  expect(inventory.stdout).toContain('   Configuration Management Classes:\n      apache\n');
  expect(await fleet.sh('muster inventory nobody1 -t 1')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('muster: NODE_UNREACHABLE: nobody1 did not answer within its time\n'),
  });
  expect((await fleet.sh('muster inventory --list-collectives')).stdout).toContain(
    `   ${'eu'.padEnd(30)} 1\n   ${'mcollective'.padEnd(30)} 6\n`,
  );
  expect(await fleet.sh('MUSTER_EXTRA_OPTS="--wf role=db" muster find')).toEqual({
    code: 0,
    stdout: lines('db1', 'db2'),
    stderr: '',
  });
});

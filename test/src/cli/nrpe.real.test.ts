import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import { createRegistry } from '../../../src/controller/registry.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { DaemonConfig } from '../../../src/core/config/daemon.ts';
import { eventually, tempDir } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { masterSettings, startDaemon } from '../../kit/daemon.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { clientOf } from '../bus/rpc-kit.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const NODES = ['app1', 'app2', 'app3'] as const;
const PREFIX = 'checked';
let broker: TestBroker;
let redis: TestRedis;

beforeAll(async () => {
  [broker, redis] = await Promise.all([
    startBroker({ collectives: ['mcollective'], operators: ['alice'] }),
    startRedis(),
  ]);
  for (const name of NODES) await broker.admin.addMasterUser(name, ['mcollective']);
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

/** A daemon with these checks, that serves when this is fulfilled; the registry knows it. */
async function startNode(
  name: (typeof NODES)[number],
  checks: string,
  more: Partial<Record<'policy', string>> = {},
) {
  const dir = await tempDir();
  await mkdir(join(dir, 'nrpe.d'), { mode: 0o755 });
  await mkdir(join(dir, 'policies'));
  await writeFile(join(dir, 'nrpe.d', 'checks.cfg'), checks, { mode: 0o644 });
  if (more.policy !== undefined) await writeFile(join(dir, 'policies', 'shell.policy'), more.policy);
  const config = DaemonConfig.parse({
    ...(await masterSettings(dir, broker, name)),
    policies_dir: join(dir, 'policies'),
    settings: { 'nrpe.conf_dir': join(dir, 'nrpe.d'), 'shell.enabled': 'true' },
  });
  startDaemon(config);
  await known(name);
  const bus = await broker.busOf('alice', 'operator');
  onTestFinished(() => bus.close());
  const node = (await clientOf(bus, 'alice', 'operator')).node('mcollective', name, {});
  await eventually(() => node.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null), 30_000);
}

async function known(identity: string): Promise<void> {
  const registry = createRegistry(await redis.door(PREFIX), systemClock);
  const has = { facts: {}, classes: [], collectives: ['mcollective'], agents: ['nrpe', 'rpcutil', 'shell'] };
  const node = { identity, role: 'master', version: '1', ...has } as const;
  await registry.heard(node);
}

/** A command of alice's. */
async function muster(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  const dir = await tempDir();
  const { ca } = await testPki();
  const own = await ca.issueToFiles({ name: 'alice', role: 'operator', days: 1, dir });
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  const config = {
    redis: { url: redis.url, prefix: PREFIX },
    broker: {
      ...{ host: broker.host, port: broker.port, vhost: broker.vhost },
      ...{ management_url: broker.management.url, management_password_file: '/nonexistent' },
    },
    trust: { dir, ...own },
  };
  await writeFile(join(dir, 'muster.yaml'), JSON.stringify(config));
  return new Promise((resolve) => {
    const argv = [MAIN, ...args, '--config', join(dir, 'muster.yaml')];
    execFile(process.execPath, argv, (error, out, err) => {
      resolve({ out, err, code: typeof error?.code === 'number' ? error.code : 0 });
    });
  });
}

const OK = 'command[check_app]=echo "OK - it runs|time=1s"\n';
const CRITICAL = 'command[check_app]=echo "CRITICAL - it does not"; exit 2\n';
const masked = (text: string) =>
  text.replaceAll(/[\d.]+ ms/g, 'T ms').replaceAll(/checktime=[\d.]+/g, 'checktime=T');

describe('muster nrpe on real daemons', () => {
  test('prints what is wrong, and is a Nagios plug-in where asked', async () => {
    await Promise.all([startNode('app1', OK), startNode('app2', CRITICAL)]);
    const asked = await muster('nrpe', 'check_app');
    expect({ ...asked, out: masked(asked.out) }).toEqual({
      out: `${'app2'.padEnd(40)} status=CRITICAL
    CRITICAL - it does not

Summary of check_app:

           OK : 1
     CRITICAL : 1
      WARNING : 0
      UNKNOWN : 0

Finished processing 2 / 2 hosts in T ms
`,
      err: 'Discovering hosts using the registry method .... 2\n\n',
      code: 2,
    });

    const plugin = await muster('nrpe', 'check_app', '--nagios');
    expect({ ...plugin, out: masked(plugin.out) }).toEqual({
      out: `check_app: OK: 1 WARNING: 0 CRITICAL: 1 UNKNOWN: 0|total=2 ok=1 warn=0 crit=1 unknown=0 checktime=T
CRITICAL:
   app2
`,
      err: '',
      code: 2,
    });

    const one = await muster('nrpe', 'check_app', '--nagios', '-I', 'app1');
    expect([one.out.split('|')[0], one.code]).toEqual([
      'check_app: OK: 1 WARNING: 0 CRITICAL: 0 UNKNOWN: 0',
      0,
    ]);

    const json = await muster('nrpe', 'check_app', '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      check: 'check_app',
      replies: [
        { sender: 'app1', state: 'OK', exitcode: 0, output: 'OK - it runs', perfdata: 'time=1s' },
        { sender: 'app2', state: 'CRITICAL', exitcode: 2 },
      ],
      no_responses: [],
    });
  });

  test('counts a node that does not answer as UNKNOWN, and so one without the check', async () => {
    await startNode('app1', OK);
    await known('app3');
    const named = ['-I', 'app1', '-I', 'app3', '-t', '5'];
    const silent = await muster('nrpe', 'check_app', '--nagios', ...named);
    expect(masked(silent.out)).toContain('UNKNOWN:\n   app3\n');
    expect(silent.code).toBe(3);
    const asked = await muster('nrpe', 'check_app', ...named);
    expect(asked.out).toContain('No response from:\n\n   app3');
    expect(asked.code).toBe(2);
    const none = await muster('nrpe', 'check_ap', '--nagios', '-I', 'app1');
    expect([none.out.split('|')[0], none.code]).toEqual([
      'check_ap: OK: 0 WARNING: 0 CRITICAL: 0 UNKNOWN: 1',
      3,
    ]);
    expect((await muster('nrpe', 'check_ap', '-I', 'app1')).out).toContain("did you mean 'check_app'?");
  });

  test('tells what is wrong with the command line, as a plug-in on one line', async () => {
    const bad = await muster('nrpe', 'a;b', '--nagios');
    expect([bad.out, bad.code]).toEqual([
      "a;b: UNKNOWN: USAGE: 'a;b' is no name of a check; expected letters, digits, _, - and dots\n",
      3,
    ]);
  });
});

test('the shell, though it is enabled, answers only whom a shell.policy names', async () => {
  await startNode('app1', OK);
  await startNode('app2', OK, { policy: 'allow\tcert=alice\t*\t*\t*\n' });
  const asked = await muster(
    'rpc',
    'shell',
    'run',
    'command=echo it=$((1+1))',
    '-I',
    'app1',
    '-I',
    'app2',
    '--json',
  );
  expect(JSON.parse(asked.out).replies).toMatchObject([
    {
      sender: 'app1',
      statuscode: 1,
      statusmsg: 'cert=alice (operator) may not call shell#run: built-in/shell.policy:3',
    },
    { sender: 'app2', statuscode: 0, data: { stdout: 'it=2\n', exitcode: 0 } },
  ]);
});

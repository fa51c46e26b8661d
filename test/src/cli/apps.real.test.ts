import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRealController } from '../../kit/collective.ts';
import { daemonConfig, startDaemon } from '../../kit/daemon.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const NODES = ['db1.example.com', 'web1.example.com'];
/** Stands in for the puppet program where only time and outcome matter. */
const PUPPET = `#!/bin/sh
environment=production
while [ $# -gt 0 ]; do
  case $1 in --environment) environment=$2 ;; --statedir) state=$2 ;; --publicdir) public=$2 ;; --tags) tags=$2 ;; esac
  shift
done
mkdir -p "$state" "$public"
printf -- '---\\ntime:\\n  last_run: %s\\n  total: 2.5\\nresources:\\n  total: 42\\n  failed: 0\\n' "$(date +%s)" >"$public/last_run_summary.yaml"
printf -- '---\\nstatus: changed\\ntime: "%s"\\nenvironment: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" "$environment" >"$state/last_run_report.yaml"
if [ "$tags" = broken ]; then echo 'Error: Could not apply'; exit 4; fi
exit 2
`;
const INIT = `#!/bin/sh
case $1 in start|restart) touch "$0.runs" ;; stop) rm -f "$0.runs" ;; status) [ -e "$0.runs" ] || exit 3 ;; esac
`;

let broker: TestBroker;
let redis: TestRedis;
let controller: Awaited<ReturnType<typeof startRealController>>;
let dir: string;
let configFile: string;

beforeAll(async () => {
  const collectives = ['provisioning', 'mcollective'];
  dir = await mkdtemp(join(tmpdir(), 'muster-apps-'));
  [broker, redis] = await Promise.all([
    startBroker({ collectives, controllers: ['controller'], operators: ['alice'] }),
    startRedis(),
  ]);
  controller = await startRealController({ broker, redis });
  configFile = await configOf('alice');
});
afterAll(async () => {
  await controller?.stop();
  await Promise.all([broker?.stop(), redis?.stop(), rm(dir, { recursive: true, force: true })]);
});

/** Config of an operator's command line. */
async function configOf(name: string): Promise<string> {
  const { ca, holder } = await testPki();
  const { certificatePem, keyPem } = await holder(name, 'operator');
  const [certificate, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  await writeFile(certificate, certificatePem);
  await writeFile(key, keyPem, { mode: 0o600 });
  const { redis: store, broker: at, trust, groups } = controller.config;
  const config = { redis: store, broker: at, groups, trust: { ...trust, dir, certificate, key } };
  const path = join(dir, `${name}.yaml`);
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** Runs the command line as a person would. */
function muster(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', MUSTER_CONFIG: configFile };
    execFile(process.execPath, [MAIN, ...args], { cwd: dir, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout: masked(stdout), stderr });
    });
  });
}

/** Times, names of runs and the like differ each time. */
function masked(text: string): string {
  return text
    .replace(/in [\d.]+ ms/g, 'in N ms')
    .replace(/, [\d.]+ s\)/g, ', N s)')
    .replace(/(\d+ minutes )?\d\d seconds/g, 'NN seconds')
    .replace(/runonce-\d{8}-\d{6}-[0-9a-f]{6}/g, 'runonce-X');
}

/** A node that was given its certificate by hand, and registers. */
async function startNode(name: string): Promise<void> {
  const home = join(dir, name);
  await mkdir(join(home, 'policies'), { recursive: true });
  const { certificatePem, keyPem } = await (await testPki()).holder(name, 'master');
  await writeFile(join(home, 'certificate.pem'), certificatePem);
  await writeFile(join(home, 'key.pem'), keyPem, { mode: 0o600 });
  for (const agent of ['puppet', 'service'])
    await writeFile(
      join(home, 'policies', `${agent}.policy`),
      'policy default deny\nallow\tcert=alice\t*\t*\t*\n',
    );
  for (const [file, text] of Object.entries({ puppet: PUPPET, nginx: INIT })) {
    await writeFile(join(home, file), text);
    await chmod(join(home, file), 0o755);
  }
  await broker.admin.addMasterUser(name, ['mcollective']);
  const base = await daemonConfig(broker);
  startDaemon({
    ...base,
    trust: { ...base.trust, certificate: join(home, 'certificate.pem'), key: join(home, 'key.pem') },
    collectives: ['mcollective'],
    policies_dir: join(home, 'policies'),
    puppet: { ...base.puppet, bin: join(home, 'puppet'), public_dir: join(home, 'public') },
    settings: { 'service.systemd_dir': join(home, 'none'), 'service.init_dir': home, 'service.rc_dir': home },
  });
}

const all = ['-I', NODES[0] ?? '', '-I', NODES[1] ?? ''];

describe('The applications of an operator', () => {
  beforeEach(async () => {
    await Promise.all(NODES.map(startNode));
    await eventually(
      async () => (await muster('find', ...all)).stdout.trim().split('\n').length === 2,
      60_000,
    );
  });

  test('run Puppet, wait for the end of just these runs, and show what is unusual', async () => {
    expect((await muster('puppet', 'status', ...all)).stdout).toBe(
      [
        '    db1.example.com: Currently stopped; no run was completed yet',
        '   web1.example.com: Currently stopped; no run was completed yet',
        '',
        ...['Summary of Enabled:', '', '   true = 2', ''],
        ...['Summary of Daemon Running:', '', '   false = 2', ''],
        ...['Summary of Applying:', '', '   false = 2', ''],
        ...['Summary of Status:', '', '   stopped = 2', ''],
        ...['Summary of Idling:', '', '   false = 2', ''],
        'Finished processing 2 / 2 hosts in N ms',
        '',
      ].join('\n'),
    );
    const waited = await muster('puppet', 'runonce', '--force', '--wait', '60', ...all);
    expect(waited.stdout).toBe(
      [
        'Waiting for 2 Puppet runs named runonce-X',
        '',
        ...['Summary of State:', '', '   finished = 2', ''],
        ...['Summary of Verdict:', '', '   good = 2', ''],
        'Finished processing 2 / 2 hosts in N ms',
        '',
      ].join('\n'),
    );
    expect(waited.code).toBe(0);
    const bad = await muster('puppet', 'runonce', '--force', '--tags', 'broken', '--wait', ...all);
    expect(bad.stdout).toContain('db1.example.com: bad: exit code 4: Error: Could not apply');
    expect(bad.code).toBe(2);
    expect((await muster('puppet', 'status', ...all)).stdout).toContain(
      '; last completed run NN seconds ago',
    );

    const disabled = await muster('puppet', 'disable', 'release', '7', ...all);
    expect(disabled.stdout).toBe(
      'Summary of Enabled:\n\n   false = 2\n\nFinished processing 2 / 2 hosts in N ms\n',
    );
    const refused = await muster('puppet', 'runonce', ...all);
    expect(refused.stdout).toContain("   web1.example.com: Puppet is disabled: 'release 7'\n");
    expect(refused.code).toBe(2);
    expect((await muster('puppet', 'count', ...all)).stdout).toContain(
      '         Nodes currently disabled: 2\n',
    );
    expect((await muster('puppet', 'enable', ...all)).code).toBe(0);
    const summary = await muster('puppet', 'summary', ...all);
    expect(summary.stdout).toMatch(/Total resources: [▁█]{20} {2}min: 42\.0 +avg: 42\.0 +max: 42\.0\n/);
    expect((await muster('puppet', 'last_run', ...all)).stdout).toContain(
      '42 resources: 0 changed, 0 failed',
    );
  });

  test('take both orders of words, and a policy of the node decides', async () => {
    const started = await muster('service', 'nginx', 'restart', ...all);
    expect(started.stdout).toBe(
      'Summary of Service Status:\n\n   running = 2\n\nFinished processing 2 / 2 hosts in N ms\n',
    );
    expect((await muster('service', 'status', 'nginx', ...all)).stdout).toContain(
      'web1.example.com: running\n',
    );
    const missing = await muster('service', 'stop', 'nosuch', ...all);
    expect(missing.stdout).toContain('web1.example.com: there is no service nosuch on this node');
    expect(missing.code).toBe(2);
    expect((await muster('package', 'bash', 'status', ...all)).stdout).toMatch(/web1\.example\.com: bash-\d/);
    const denied = await muster('package', 'install', 'hello', ...all);
    expect(denied.stdout).toContain('web1.example.com: ');
    expect(denied.stdout).toContain('built-in/package.policy');
    expect(denied.code).toBe(2);
    const json = JSON.parse((await muster('service', 'nginx', 'status', '--json', ...all)).stdout);
    expect(json.replies[0]).toMatchObject({ sender: NODES[0], statuscode: 0, data: { status: 'running' } });
  });
});

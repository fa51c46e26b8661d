import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { provision } from '../../agent/agents/provision.ddl.ts';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import { runDaemon } from '../../agent/main.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { createLog } from '../../src/core/log.ts';
import { startBroker, type TestBroker } from '../kit/broker.ts';
import { type MiniController, startMiniController } from '../kit/controller.ts';
import { startImds } from '../kit/imds.ts';
import { testPki } from '../kit/pki.ts';
import { eventually, tempDir } from './temp.ts';

let broker: TestBroker;
let controller: MiniController;

beforeAll(async () => {
  broker = await startBroker({ collectives: ['provisioning', 'production'], controllers: ['controller'] });
  controller = await startMiniController(broker);
});

afterAll(async () => {
  await controller?.bus.close();
  await broker?.stop();
});

const PUPPET = `#!/bin/sh
# Stands in for the puppet program where only time and outcome matter.
while [ $# -gt 0 ]; do case $1 in --environment) environment=$2 ;; --statedir) state=$2 ;; esac; shift; done
mkdir -p "$state"; sleep 0.3; echo "applied $environment"
printf -- '---\\nstatus: changed\\ntime: "%s"\\nenvironment: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" "$environment" >"$state/last_run_report.yaml"
exit 2
`;

async function aConfig(changes: object = {}) {
  const dir = await tempDir();
  const pki = await testPki();
  await writeFile(join(dir, 'ca.pem'), pki.ca.certificatePem);
  await writeFile(join(dir, 'controller.pem'), controller.certificatePem);
  await writeFile(join(dir, 'puppet'), PUPPET);
  await chmod(join(dir, 'puppet'), 0o755);
  await mkdir(join(dir, 'facts.d'));
  await writeFile(join(dir, 'facts.d', 'user.yaml'), 'role: web\n');
  return DaemonConfig.parse({
    group: 'web',
    token: 'token',
    broker: { host: broker.host, port: broker.port, vhost: broker.vhost },
    trust: { ca: join(dir, 'ca.pem'), controllers: [join(dir, 'controller.pem')] },
    state_dir: join(dir, 'state'),
    facts: { dir: join(dir, 'facts.d'), imds: false, facter_dir: '', classes_file: join(dir, 'classes.txt') },
    puppet: {
      bin: join(dir, 'puppet'),
      conf_dir: join(dir, 'conf'),
      ssl_dir: join(dir, 'ssl'),
      state_dir: join(dir, 'pstate'),
    },
    settings: { 'provision.hosts_file': join(dir, 'hosts') },
    hello: { base_s: 0.2, cap_s: 1 },
    ...changes,
  });
}

/** A daemon of this test; `stop` ends it cleanly. */
function daemon(config: DaemonConfig) {
  const stop = new AbortController();
  const log = createLog({
    level: process.env.MUSTER_TEST_LOG === undefined ? 'silent' : 'debug',
    name: 'daemon',
  });
  const ended = runDaemon(config, { signal: stop.signal, log });
  const end = async () => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return { stop: end };
}

const said = (identity: string, kind: string) =>
  controller.events.filter(({ sender, event }) => sender === identity && event.kind === kind);

describe('A daemon', () => {
  test('says hello until it is accepted, serves provisioning, and after it the production collective', async () => {
    const id = 'dc-node-1';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'refuse';
    daemon(config);
    await eventually(() => controller.hellos.some(({ hello }) => hello.instance_id === id));
    controller.answer = 'accept';
    await eventually(() => said(id, 'registration').length > 0);
    const [first] = said(id, 'registration');
    expect(first?.event).toMatchObject({
      agents: ['provision', 'rpcutil', 'trust'],
      collectives: ['provisioning'],
      facts: { role: 'web' },
    });

    const node = controller.rpc.node('provisioning', id, {});
    expect(await node.call(rpcutil, 'inventory', {})).toMatchObject({
      agents: ['provision', 'rpcutil', 'trust'],
      main_collective: 'provisioning',
    });
    expect(await node.call(provision, 'lock_deploy', { owner: 'run-1' })).toEqual({
      owner: 'run-1',
      changed: true,
    });
    await expect(node.call(provision, 'lock_deploy', { owner: 'run-2' })).rejects.toMatchObject({
      code: 'NODE_LOCKED',
    });

    const started = await node.call(provision, 'bootstrap_puppet', { run: 'b1' });
    expect(started).toMatchObject({ state: 'running', verdict: null });
    await eventually(() => said(id, 'puppet_run_ended').length > 0);
    const ended = await node.call(provision, 'bootstrap_puppet', { run: 'b1' });
    expect(ended).toMatchObject({
      verdict: 'good',
      exitcode: 2,
      environment: 'bootstrap',
      output: 'applied bootstrap\n',
    });

    await broker.admin.moveNodeUser(id, ['provisioning', 'production']);
    expect(await node.call(provision, 'disable_provisioner', { collective: 'production' })).toEqual({
      disabled: true,
    });
    await eventually(() => said(id, 'registration').length > 1);
    const moved = controller.rpc.node('production', id, {});
    expect(await moved.call(rpcutil, 'inventory', {})).toMatchObject({
      agents: ['rpcutil', 'trust'],
      collectives: ['production'],
    });
    await expect(moved.call(provision, 'is_locked', {})).rejects.toMatchObject({
      code: 'RPC_UNKNOWN_ACTION',
    });
    await expect(node.call(rpcutil, 'ping', {}, { timeoutS: 1 })).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
  });

  test('goes on where it was after a restart: no second hello, and a Puppet run that began before is told', async () => {
    const id = 'dc-node-2';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'accept';
    const first = daemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    const node = controller.rpc.node('provisioning', id, {});
    await node.call(provision, 'run_puppet', { run: 'p1' });
    await eventually(() =>
      readFile(join(config.state_dir, 'puppet-runs', 'p1', 'pid'), 'utf8').catch(() => null),
    );
    await first.stop();
    const hellos = controller.hellos.length;
    daemon(config);
    await eventually(() => said(id, 'puppet_run_ended').length > 0);
    expect(await node.call(provision, 'run_puppet', { run: 'p1' })).toMatchObject({
      verdict: 'good',
      environment: 'production',
    });
    expect(controller.hellos).toHaveLength(hellos);
  });

  test('tells of a Puppet run that ended while no daemon ran', async () => {
    const id = 'dc-node-5';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'accept';
    const first = daemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    await controller.rpc.node('provisioning', id, {}).call(provision, 'run_puppet', { run: 'p1' });
    const file = (name: string) =>
      readFile(join(config.state_dir, 'puppet-runs', 'p1', name), 'utf8').catch(() => null);
    await eventually(() => file('pid'));
    await first.stop();
    await eventually(() => file('exitcode'));
    expect(said(id, 'puppet_run_ended')).toEqual([]);
    daemon(config);
    await eventually(() => said(id, 'puppet_run_ended').length > 0);
    expect(said(id, 'puppet_run_ended')[0]?.event).toEqual({
      kind: 'puppet_run_ended',
      run: 'p1',
      exitcode: 2,
    });
  });

  test('that was ended between two hellos says the same keys again', async () => {
    const id = 'dc-node-3';
    const config = await aConfig({ instance_id: id });
    const heard = () => controller.hellos.filter(({ hello }) => hello.instance_id === id);
    controller.answer = 'silence';
    const first = daemon(config);
    await eventually(() => heard().length > 1);
    await first.stop();
    controller.answer = 'accept';
    daemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    const [one, ...others] = heard();
    expect(others.length).toBeGreaterThan(0);
    for (const { hello, thumb } of others) {
      expect(thumb).toBe(one?.thumb);
      expect(hello.puppet_csr).toBe(one?.hello.puppet_csr);
      expect(hello.nonce).not.toBe(one?.hello.nonce);
    }
  });

  test('on EC2 shows its identity document and takes its facts from the metadata service', async () => {
    const id = 'i-0123456789abcdef0';
    const document = JSON.stringify({ instanceId: id, region: 'eu-west-1' });
    await using imds = await startImds({
      'dynamic/instance-identity/document': document,
      'dynamic/instance-identity/rsa2048': 'AAAA',
      'meta-data/ami-id': 'ami-7',
    });
    const base = await aConfig();
    const config = {
      ...base,
      certname_suffix: '.example.org',
      facts: { ...base.facts, imds: true, imds_url: imds.url },
    };
    controller.answer = 'accept';
    daemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    const hello = controller.hellos.find((opened) => opened.hello.instance_id === id)?.hello;
    expect(hello).toMatchObject({
      identity_document: document,
      identity_rsa2048: 'AAAA',
      group: 'web',
      token: 'token',
    });
    expect(hello?.facts).toMatchObject({
      ec2_ami_id: 'ami-7',
      ec2_placement_region: 'eu-west-1',
      role: 'web',
    });
  });

  test('of a master serves with the certificate that it was given, in the collectives of its config', async () => {
    const pki = await testPki();
    const master = await pki.ca.issueToFiles({
      name: 'puppet-1',
      role: 'master',
      days: 1,
      dir: await tempDir(),
    });
    const base = await aConfig();
    await broker.admin.addMasterUser('puppet-1', ['production']);
    const puppetca = {
      url: 'https://localhost:1',
      ca: base.trust.ca,
      certificate: master.certificate,
      key: master.key,
    };
    daemon({ ...base, trust: { ...base.trust, ...master }, collectives: ['production'], puppetca });
    await eventually(() => said('puppet-1', 'registration').length > 0);
    expect(said('puppet-1', 'registration')[0]?.event).toMatchObject({
      agents: ['puppetca', 'rpcutil', 'trust'],
      collectives: ['production'],
    });
  });

  test('comes back by itself after the broker was restarted', async () => {
    const id = 'dc-node-4';
    controller.answer = 'accept';
    daemon(await aConfig({ instance_id: id }));
    await eventually(() => said(id, 'registration').length > 0);
    await broker.restart();
    const node = controller.rpc.node('provisioning', id, {});
    await eventually(() => node.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null), 60_000);
  });
});

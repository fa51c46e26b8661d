import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provision } from '../../agent/agents/provision.ddl.ts';
import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import { startDaemon } from '../kit/daemon.ts';
import { startImds } from '../kit/imds.ts';
import { testPki } from '../kit/pki.ts';
import { type DaemonScene, startScene } from './daemon-scene.ts';
import { eventually, tempDir } from './temp.ts';

let scene: DaemonScene;
let broker: DaemonScene['broker'];
let controller: DaemonScene['controller'];
let aConfig: DaemonScene['aConfig'];
let said: DaemonScene['said'];

beforeAll(async () => {
  scene = await startScene();
  ({ broker, controller, aConfig, said } = scene);
});

afterAll(async () => {
  await scene?.end();
});

describe('A daemon', () => {
  test('says hello until it is accepted, serves provisioning, and after it the production collective', async () => {
    const id = 'dc-node-1';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'refuse';
    startDaemon(config);
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
    // At once: it hears what is asked in production before it answers.
    const moved = controller.rpc.node('production', id, {});
    expect(await moved.call(rpcutil, 'ping', {})).toHaveProperty('pong');
    await eventually(() => said(id, 'registration').length > 1);
    expect(await moved.call(rpcutil, 'inventory', {})).toMatchObject({
      agents: expect.arrayContaining(['rpcutil', 'trust']),
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
    const first = startDaemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    const node = controller.rpc.node('provisioning', id, {});
    await node.call(provision, 'run_puppet', { run: 'p1' });
    await eventually(() =>
      readFile(join(config.state_dir, 'puppet-runs', 'p1', 'pid'), 'utf8').catch(() => null),
    );
    await first.stop();
    const hellos = controller.hellos.length;
    startDaemon(config);
    await eventually(() => said(id, 'puppet_run_ended').length > 0);
    expect(await node.call(provision, 'run_puppet', { run: 'p1' })).toMatchObject({
      verdict: 'good',
      environment: 'production',
    });
    expect(controller.hellos).toHaveLength(hellos);
  });

  test('registers again, long before its time, when a file of facts or its classes changed', async () => {
    const id = 'dc-node-6';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'accept';
    startDaemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    expect(config.registration_s).toBe(300);
    await writeFile(join(config.facts.dir, 'more.txt'), 'zone=b\n');
    await writeFile(config.facts.classes_file ?? '', 'role::web\n');
    const node = controller.rpc.node('provisioning', id, {});
    const fact = () => node.call(rpcutil, 'get_fact', { fact: 'zone' });
    await eventually(async () => (await fact()).value === 'b');
    await eventually(() => said(id, 'registration').length > 1, 30_000);
    expect(said(id, 'registration').at(-1)?.event).toMatchObject({
      facts: { role: 'web', zone: 'b' },
      every_s: 300,
      classes: ['role::web'],
    });
  });

  test('tells of a Puppet run that ended while no daemon ran', async () => {
    const id = 'dc-node-5';
    const config = await aConfig({ instance_id: id });
    controller.answer = 'accept';
    const first = startDaemon(config);
    await eventually(() => said(id, 'registration').length > 0);
    await controller.rpc.node('provisioning', id, {}).call(provision, 'run_puppet', { run: 'p1' });
    const file = (name: string) =>
      readFile(join(config.state_dir, 'puppet-runs', 'p1', name), 'utf8').catch(() => null);
    await eventually(() => file('pid'));
    await first.stop();
    await eventually(() => file('exitcode'));
    expect(said(id, 'puppet_run_ended')).toEqual([]);
    startDaemon(config);
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
    const first = startDaemon(config);
    await eventually(() => heard().length > 1);
    await first.stop();
    controller.answer = 'accept';
    startDaemon(config);
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
    startDaemon(config);
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
    startDaemon({ ...base, trust: { ...base.trust, ...master }, collectives: ['production'], puppetca });
    await eventually(() => said('puppet-1', 'registration').length > 0);
    expect(said('puppet-1', 'registration')[0]?.event).toMatchObject({
      agents: expect.arrayContaining(['puppetca', 'rpcutil', 'trust']),
      collectives: ['production'],
    });
  });

  test('comes back by itself after the broker was restarted', async () => {
    const id = 'dc-node-4';
    controller.answer = 'accept';
    startDaemon(await aConfig({ instance_id: id }));
    await eventually(() => said(id, 'registration').length > 0);
    await broker.restart();
    const node = controller.rpc.node('provisioning', id, {});
    await eventually(() => node.call(rpcutil, 'ping', {}, { timeoutS: 2 }).catch(() => null), 60_000);
  });
});

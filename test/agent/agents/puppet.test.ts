import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { puppet as ddl } from '../../../agent/agents/puppet.ddl.ts';
import agent from '../../../agent/agents/puppet.ts';
import data from '../../../agent/data/puppet.ts';
import resourceData from '../../../agent/data/resource.ts';
import { humanSeconds } from '../../../agent/puppet/status.ts';
import { aNode, request, type TestNode } from '../host.ts';
import { eventually, tempDir } from '../temp.ts';

const { actions } = agent;
const { signal } = request;
const runonce = ddl.actions.runonce.input;

/** A stand-in for the puppet program that writes down how it was called. */
async function aNodeWithStub(
  settings: Record<string, string> = {},
): Promise<TestNode & { readonly stub: string }> {
  const stub = join(await tempDir(), 'puppet');
  await writeFile(stub, `#!/bin/sh\necho "$@"\n`);
  await chmod(stub, 0o755);
  const node = await aNode({ settings }, stub);
  await mkdir(node.puppet.stateDir, { recursive: true });
  await mkdir(node.puppet.publicDir, { recursive: true });
  onTestFinished(() => node.host.runs.close());
  return { ...node, stub };
}

/** A process that Puppet's files may name: its command line says puppet. */
function aPuppetProcess(): string {
  const child = spawn('/bin/sh', ['-c', 'read line; exit 0', 'puppet agent: applying configuration']);
  onTestFinished(() => void child.kill('SIGKILL'));
  return String(child.pid);
}

async function outputOf({ host }: Pick<TestNode, 'host'>, run: string): Promise<string> {
  const look = () => actions.run_status({ run }, request, host);
  await eventually(async () => (await look()).state === 'finished');
  return (await look()).output;
}

describe('runonce', () => {
  const start = async (node: TestNode, input: object) =>
    actions.runonce(runonce.parse({ run: 'r', ...input }), request, node.host);

  test('hands every wish over as an argument of its own, and leaves the rest to puppet.conf', async () => {
    const node = await aNodeWithStub({ 'puppet.allow_server_override': 'true' });
    const wish = { server: 'm1.example.com:8141', tags: 'a,b::c', skip_tags: 'd', environment: 'dev' };
    await start(node, {
      ...wish,
      noop: false,
      splaylimit: 1,
      ignoreschedules: true,
      use_cached_catalog: false,
    });
    const said = await outputOf(node, 'r');
    for (const words of [
      '--no-noop --splay --no-use_cached_catalog --ignoreschedules',
      '--environment dev --server m1.example.com --tags a,b::c --skip_tags d --splaylimit 1',
      '--serverport 8141',
    ])
      expect(said).toContain(words);
    await start(node, { run: 'plain', force: true });
    expect(await outputOf(node, 'plain')).not.toMatch(/--(environment|server|certname|tags|splaylimit) /);
  });

  test('sleeps for up to 30 s first, unless forced or set otherwise', async () => {
    const node = await aNodeWithStub();
    await start(node, {});
    expect(await outputOf(node, 'r')).toContain(' --splay ');
    expect(await outputOf(node, 'r')).toContain('--splaylimit 30');
    await start(node, { run: 'f', force: true });
    expect(await outputOf(node, 'f')).toContain('--no-splay');
    await expect(start(node, { run: 'x', force: true, splay: true })).rejects.toMatchObject({
      code: 'RPC_INVALID_DATA',
    });
    const set = await aNodeWithStub({ 'puppet.splay': 'false' });
    await start(set, {});
    expect(await outputOf(set, 'r')).toContain('--no-splay');
    const wrong = await aNodeWithStub({ 'puppet.splay': 'perhaps' });
    await expect(start(wrong, {})).rejects.toMatchObject({
      message: expect.stringMatching(/^settings of puppet: 'splay' is "perhaps"/),
    });
  });

  test('refuses a server, unless the node allows it', async () => {
    const node = await aNodeWithStub();
    await expect(start(node, { server: 'evil.example.com' })).rejects.toMatchObject({ code: 'RPC_DENIED' });
  });

  test('refuses while Puppet is disabled, with the reason, and while anybody applies a catalog', async () => {
    const node = await aNodeWithStub();
    await actions.disable({ message: 'release 7' }, request, node.host);
    await expect(start(node, {})).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "Puppet is disabled: 'release 7'",
    });
    await actions.enable({}, request, node.host);
    await writeFile(join(node.puppet.stateDir, 'agent_catalog_run.lock'), aPuppetProcess());
    await expect(start(node, {})).rejects.toMatchObject({ code: 'NODE_LOCKED' });
    expect(await actions.status({}, request, node.host)).toMatchObject({ status: 'applying a catalog' });
  });

  test('knows its runs by name only', async () => {
    const node = await aNodeWithStub();
    await expect(actions.run_status({ run: 'nosuch' }, request, node.host)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test.each(['a b', '../x', 'a;b', '$(id)', 'x:y:z', ''])('does not take %j for a server', (server) => {
    expect(runonce.safeParse({ server }).success).toBe(false);
  });
  test.each(['a b', 'a,', '-x', 'a;b', 'a:b'])('does not take %j for tags', (tags) => {
    expect(runonce.safeParse({ tags }).success).toBe(false);
  });
});

describe('status', () => {
  test('of a node where Puppet never ran has no last run, and a filter for old runs finds it', async () => {
    const node = await aNodeWithStub();
    const status = await actions.status({}, request, node.host);
    expect(status).toMatchObject({ enabled: true, applying: false, daemon_present: false, lastrun: 0 });
    expect(status.message).toBe('Currently stopped; no run was completed yet');
    expect((await data.query(null, node.host, signal)).since_lastrun).toBeGreaterThan(1e9);
  });

  test('tells an idle resident agent and when the last run was; a stale pid file does not count', async () => {
    const node = await aNodeWithStub();
    const at = Math.floor(Date.now() / 1000) - 125;
    await writeFile(
      join(node.puppet.publicDir, 'last_run_summary.yaml'),
      `---\nversion:\n  config: 12\ntime:\n  last_run: ${at}\n  total: 1.5\nresources:\n  failed: 2\n  total: 9\n`,
    );
    await writeFile(node.puppet.pidFile, '999999999');
    expect(await actions.status({}, request, node.host)).toMatchObject({ status: 'stopped' });
    await writeFile(node.puppet.pidFile, aPuppetProcess());
    const status = await actions.status({}, request, node.host);
    expect(status).toMatchObject({ status: 'idling', idling: true, daemon_present: true, lastrun: at });
    expect(status.message).toMatch(/^Currently idling; last completed run 2 minutes \d\d seconds ago$/);
    expect(await resourceData.query(null, node.host, signal)).toMatchObject({
      ...{ failed_resources: 2, total_resources: 9, total_time: 1.5, config_version: '12' },
      managed: false,
    });
  });

  test('counts time as people do', () => {
    expect(humanSeconds(4)).toBe('04 seconds');
    expect(humanSeconds(125)).toBe('2 minutes 05 seconds');
    expect(humanSeconds(3600)).toBe('1 hour 0 minutes 00 seconds');
    expect(humanSeconds(90_061)).toBe('1 day 1 hour 1 minute 01 seconds');
  });
});

test('A master, which came by no hello, finds its Puppet by config', async () => {
  const { host, puppet, stub } = await aNodeWithStub();
  const { stateDir: state_dir, publicDir: public_dir, confDir: conf_dir } = puppet;
  const config = {
    ...host.config,
    puppet: { ...host.config.puppet, bin: stub, state_dir, public_dir, conf_dir },
  };
  const master = { ...host, node: null, config };
  expect(await agent.activate(master)).toBe(true);
  await actions.disable({ message: 'on a master' }, request, master);
  expect(await actions.status({}, request, host)).toMatchObject({ disable_message: 'on a master' });
  await actions.enable({}, request, master);
  await actions.runonce(runonce.parse({ run: 'm', force: true }), request, master);
  expect(await outputOf({ host: master }, 'm')).toContain(`--statedir ${state_dir}`);
  const none = { ...config, puppet: { ...config.puppet, bin: '/nonexistent/puppet' } };
  expect(await agent.activate({ ...master, config: none })).toBe(false);
});

describe('disable', () => {
  test('names caller and time when no message is given, and does not overwrite the message of another', async () => {
    const { host } = await aNodeWithStub();
    const { status } = await actions.disable({}, request, host);
    expect(status).toMatch(/Disabled via Muster by cert=controller at \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    await expect(actions.disable({ message: 'mine' }, request, host)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('by cert=controller'),
    });
    expect(await data.query(null, host, signal)).toMatchObject({ enabled: false, status: 'disabled' });
    expect(await actions.enable({}, request, host)).toMatchObject({ enabled: true });
    expect(await actions.enable({}, request, host)).toMatchObject({ status: 'Puppet was enabled already' });
  });
});

import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { puppet as ddl } from '../../../agent/agents/puppet.ddl.ts';
import agent from '../../../agent/agents/puppet.ts';
import resourceData from '../../../agent/data/resource.ts';
import { ROOT_ENV } from '../../../agent/program.ts';
import { sslFiles } from '../../../agent/puppet/ssl-dir.ts';
import { makePuppetCa, signCsr } from '../../kit/puppet-pki.ts';
import { aNode, request, type TestNode } from '../host.ts';
import { eventually } from '../temp.ts';

const run = promisify(execFile);
const PUPPET = '/usr/bin/puppet';
const ca = await makePuppetCa();
const { actions } = agent;
/** Reports go nowhere. */
const AWAY = 'report_server = localhost\nreport_port = 1\n';
const runonce = ddl.actions.runonce.input;

/** A node with a certificate, and the catalog of an earlier run in Puppet's cache: a run needs no master then. */
async function aNodeWithCatalog(resourcesIn: (dir: string) => object[]): Promise<TestNode> {
  const node = await aNode({}, PUPPET);
  const files = sslFiles(node.puppet.sslDir, node.certname);
  await writeFile(files.ca, ca.pem);
  await writeFile(files.certificate, signCsr(ca, node.identity.puppetCsrPem));
  const vardir = join(node.dir, 'var');
  const conf = `vardir = ${vardir}\ncertificate_revocation = false\nreport = false\n${AWAY}`;
  await appendFile(join(node.puppet.confDir, 'puppet.conf'), conf);
  const dir = join(vardir, 'client_data', 'catalog');
  await mkdir(dir, { recursive: true });
  const catalog = {
    ...{ name: node.certname, version: 7, environment: 'production', catalog_uuid: 'x', catalog_format: 2 },
    resources: [...resourcesIn(node.dir)],
    ...{ edges: [], classes: ['base'], tags: [] },
  };
  await writeFile(join(dir, `${node.certname}.json`), JSON.stringify(catalog));
  return node;
}

const file = (title: string, parameters: object) => ({
  ...{ type: 'File', kind: 'compilable_type', title, exported: false, tags: [] },
  parameters,
});

async function ended({ host }: TestNode, name: string) {
  await eventually(
    async () => (await actions.run_status({ run: name }, request, host)).state === 'finished',
    90_000,
  );
  return actions.run_status({ run: name }, request, host);
}

describe('A run that runonce starts', () => {
  test('is told apart from all others: its own verdict, exit code and resources', async () => {
    const node = await aNodeWithCatalog((dir) => [
      file(join(dir, 'Motd'), { ensure: 'present', content: 'hello\n' }),
    ]);
    const motd = join(node.dir, 'Motd');
    const input = runonce.parse({ run: 'r1', force: true, use_cached_catalog: true });
    const started = await actions.runonce(input, request, node.host);
    expect(started).toMatchObject({ summary: 'Started the Puppet run r1', run: 'r1' });
    expect(await actions.run_status({ run: 'r1' }, request, node.host)).toMatchObject({ state: 'running' });
    await expect(actions.runonce(runonce.parse({ run: 'r2' }), request, node.host)).rejects.toMatchObject({
      code: 'NODE_LOCKED',
    });

    const first = await ended(node, 'r1');
    expect(first).toMatchObject({ verdict: 'good', exitcode: 2, environment: 'production' });
    expect(first.resources).toMatchObject({ changed: 1, failed: 0 });
    expect(await readFile(motd, 'utf8')).toBe('hello\n');

    // Asked again by the same name nothing is started; a new one finds nothing to do.
    expect(await actions.runonce(input, request, node.host)).toMatchObject({
      summary: 'The Puppet run r1 is finished',
    });
    await actions.runonce({ ...input, run: 'r2' }, request, node.host);
    expect(await ended(node, 'r2')).toMatchObject({
      verdict: 'good',
      exitcode: 0,
      resources: { changed: 0 },
    });
    expect((await ended(node, 'r1')).exitcode).toBe(2);

    const { host } = node;
    const summary = await actions.last_run_summary({ logs: true }, request, host);
    expect(summary).toMatchObject({ changed_resources: 0, config_version: '7' });
    expect(ddl.actions.last_run_summary.output.safeParse(summary).error).toBeUndefined();
    expect(summary.type_distribution).toEqual({ File: 1 });
    expect(summary.logs.map(({ message }) => message).join()).toContain('Applied catalog');
    expect(summary.since_lastrun).toBeLessThan(120);
    const status = await actions.status({}, request, host);
    expect(status.message).toMatch(/^Currently stopped; last completed run (\d minutes? )?\d\d seconds ago$/);

    const { signal } = request;
    expect(await resourceData.query(`File[${motd}]`, host, signal)).toMatchObject({ managed: true });
    expect(await resourceData.query('File[/other]', host, signal)).toMatchObject({ managed: false });
    expect(await resourceData.query(null, host, signal)).toMatchObject({
      changed_resources: 0,
      failed_resources: 0,
    });
    host.runs.close();
  });

  test('with noop changes nothing, and with tags leaves out what has none of them', async () => {
    const node = await aNodeWithCatalog((dir) => [file(join(dir, 'x'), { ensure: 'present' })]);
    const path = join(node.dir, 'x');
    const common = { force: true, use_cached_catalog: true };
    await actions.runonce(runonce.parse({ ...common, run: 'noop', noop: true }), request, node.host);
    expect(await ended(node, 'noop')).toMatchObject({ resources: { out_of_sync: 1, changed: 0 } });
    await actions.runonce(runonce.parse({ ...common, run: 'tags', tags: 'other,a::b' }), request, node.host);
    expect(await ended(node, 'tags')).toMatchObject({ exitcode: 0, resources: { changed: 0 } });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    node.host.runs.close();
  });

  test('of a master that is away is bad and says why', async () => {
    const node = await aNode({ settings: { 'puppet.allow_server_override': 'true' } }, PUPPET);
    await writeFile(sslFiles(node.puppet.sslDir, node.certname).ca, ca.pem);
    const input = runonce.parse({
      run: 'away',
      force: true,
      server: 'localhost:1',
      environment: 'bootstrap',
    });
    await actions.runonce(input, request, node.host);
    const { verdict, reason } = await ended(node, 'away');
    expect(verdict).toBe('bad');
    expect(reason).toMatch(/exit code 1: .*localhost:1/);
    node.host.runs.close();
  });
});

describe('Disabling Puppet', () => {
  const puppet = (node: TestNode, ...args: string[]) =>
    run(PUPPET, ['agent', ...args, '--color=false', ...node.puppet.options], { env: ROOT_ENV });

  test('is what `puppet agent --disable` does, in both directions', async () => {
    const node = await aNode({}, PUPPET);
    const said = await actions.disable({ message: "Peter's release" }, request, node.host);
    expect(said).toEqual({ status: "Successfully locked the Puppet agent: Peter's release", enabled: false });
    const refused = await puppet(
      node,
      '--onetime',
      '--no-daemonize',
      '--verbose',
      '--waitforcert',
      '0',
    ).catch((error: { stdout: string }) => error);
    expect(refused.stdout).toContain("(Reason: 'Peter's release')");
    await puppet(node, '--enable');
    expect(await actions.status({}, request, node.host)).toMatchObject({
      enabled: true,
      disable_message: '',
    });

    await puppet(node, '--disable', 'by hand');
    expect(await actions.status({}, request, node.host)).toMatchObject({
      status: 'disabled',
      disable_message: 'by hand',
    });
    await actions.enable({}, request, node.host);
    await expect(stat(join(node.puppet.stateDir, 'agent_disabled.lock'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('The resource action', () => {
  test('makes a resource so, once, and leaves what Puppet says of its last run alone', async () => {
    const node = await aNode({ settings: { 'puppet.resource_type_whitelist': 'file' } }, PUPPET);
    const name = join(node.dir, 'made');
    const wish = { type: 'file', name, properties: { ensure: 'present', content: '$(id)\n', mode: '0600' } };
    expect(await actions.resource(wish, request, node.host)).toMatchObject({ changed: true });
    expect(await actions.resource(wish, request, node.host)).toEqual({
      result: 'no output produced',
      changed: false,
    });
    expect(await readFile(name, 'utf8')).toBe('$(id)\n');
    expect(await actions.status({}, request, node.host)).toMatchObject({ lastrun: 0 });
    const bad = { ...wish, name: join(node.dir, 'no', 'made') };
    await expect(actions.resource(bad, request, node.host)).rejects.toMatchObject({
      code: 'PROGRAM_FAILED',
      message: expect.stringContaining('No such file or directory'),
    });
  });
});

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import agent from '../../agent/agents/provision.ts';
import { ROOT_ENV } from '../../agent/program.ts';
import { readReport } from '../../agent/puppet/report.ts';
import { sslFiles } from '../../agent/puppet/ssl-dir.ts';
import { readCsr } from '../../src/trust/csr.ts';
import { startPuppetCa } from '../kit/puppet-ca.ts';
import { makePuppetCa, signCsr } from '../kit/puppet-pki.ts';
import { aNode, request, type TestNode } from './host.ts';
import { eventually } from './temp.ts';

const run = promisify(execFile);
const PUPPET = '/usr/bin/puppet';
const ca = await makePuppetCa();

const puppet = (node: TestNode, ...args: string[]) =>
  run(
    PUPPET,
    [
      ...args,
      '--color=false',
      '--certificate_revocation=false',
      ...node.puppet.options,
      '--certname',
      node.certname,
    ],
    { env: ROOT_ENV },
  );

describe('The puppet program', () => {
  test('takes the key, the CA and the certificate that we laid for its own', async () => {
    const node = await aNode({}, PUPPET);
    const files = sslFiles(node.puppet.sslDir, node.certname);
    await writeFile(files.ca, ca.pem);
    await writeFile(files.certificate, signCsr(ca, node.identity.puppetCsrPem));
    const { stdout } = await puppet(node, 'ssl', 'verify');
    expect(stdout).toContain(`Verified client certificate 'CN=${node.certname}'`);
  });

  test('sends a request of our key when it asks for its certificate itself', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode({}, PUPPET);
    const files = sslFiles(node.puppet.sslDir, node.certname);
    await writeFile(files.ca, ca.pem);
    const keyBefore = await readFile(files.privateKey, 'utf8');
    await puppet(
      node,
      'ssl',
      'submit_request',
      '--server',
      'localhost',
      '--serverport',
      String(fake.port),
      '--waitforcert',
      '0',
    );
    expect(readCsr(fake.entries.get(node.certname)?.csr ?? '').spkiSha256).toBe(
      readCsr(node.identity.puppetCsrPem).spkiSha256,
    );
    expect(await readFile(files.privateKey, 'utf8')).toBe(keyBefore);
  });

  test('that cannot reach its master ends with a bad verdict that says why', async () => {
    const node = await aNode({}, PUPPET);
    await writeFile(sslFiles(node.puppet.sslDir, node.certname).ca, ca.pem);
    await node.identity.state.update({ puppet_server: { server: 'localhost', port: 1 } });
    const ask = () =>
      agent.actions.run_puppet({ run: 'r1', environment: 'production', timeout_s: 60 }, request, node.host);
    expect(await ask()).toMatchObject({ state: 'running' });
    await eventually(async () => (await ask()).state === 'finished', 60_000);
    const ended = await ask();
    expect(ended).toMatchObject({ verdict: 'bad', exitcode: 1 });
    expect(ended.reason).toMatch(/exit code 1: .*localhost:1/);
    node.host.runs.close();
  });

  test('writes reports that we can read', async () => {
    const node = await aNode({}, PUPPET);
    await mkdir(node.puppet.stateDir, { recursive: true });
    const manifest = join(node.dir, 'site.pp');
    await writeFile(manifest, "notify { 'hello': }\nexec { '/bin/false': }\n");
    await puppet(node, 'apply', '--detailed-exitcodes', '--vardir', join(node.dir, 'var'), manifest).catch(
      () => undefined,
    );
    const report = await readReport(join(node.puppet.stateDir, 'last_run_report.yaml'));
    expect(report).toMatchObject({
      environment: 'production',
      status: 'failed',
      failed: [{ resource: 'Exec[/bin/false]' }],
    });
    expect(Math.abs(Date.now() - (report.timeMs ?? 0))).toBeLessThan(60_000);
  });
});

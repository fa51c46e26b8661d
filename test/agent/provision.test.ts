import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import agent from '../../agent/agents/provision.ts';
import { sslFiles } from '../../agent/puppet/ssl-dir.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import { makePuppetCsr, readCsr } from '../../src/trust/csr.ts';
import { startPuppetCa } from '../kit/puppet-ca.ts';
import { makePuppetCa, signCsr } from '../kit/puppet-pki.ts';
import { aNode, request, type TestNode } from './host.ts';
import { eventually } from './temp.ts';

const { actions } = agent;
const ca = await makePuppetCa();
const otherCa = await makePuppetCa('Puppet CA: another');

const spkiOf = (node: TestNode) => readCsr(node.identity.puppetCsrPem).spkiSha256;
const filesOf = (node: TestNode) => sslFiles(node.puppet.sslDir, node.certname);
const read = (path: string) => readFile(path, 'utf8').catch(() => null);

async function strangersCsr(name: string): Promise<string> {
  return makePuppetCsr({ certname: name, keyPem: (await newKeyPair()).keyPem });
}

describe('request_certificate', () => {
  const ask = (node: TestNode, port: number, ca_pem = ca.pem) =>
    actions.request_certificate({ ca_pem, server: 'localhost', port }, request, node.host);

  test('sends the request of the key that was shown, and lays the CA where Puppet keeps it', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    expect(await ask(node, fake.port)).toEqual({ output: 'sent', exitcode: 0, spki_sha256: spkiOf(node) });
    expect(readCsr(fake.entries.get('i-1.test')?.csr ?? '').spkiSha256).toBe(spkiOf(node));
    expect(await read(filesOf(node).ca)).toBe(ca.pem);
    expect(await read(join(node.puppet.confDir, 'puppet.conf'))).toContain(`server = localhost`);
    expect(await read(join(node.puppet.confDir, 'puppet.conf'))).toContain(`serverport = ${fake.port}`);
  });

  test('again, while the request waits or after it was signed, is fine', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    await ask(node, fake.port);
    expect(await ask(node, fake.port)).toMatchObject({ output: 'waiting already', exitcode: 0 });
    fake.entries.set('i-1.test', {
      csr: null,
      certificate: signCsr(ca, node.identity.puppetCsrPem),
      revoked: false,
    });
    expect(await ask(node, fake.port)).toMatchObject({ output: 'signed already', exitcode: 0 });
  });

  test('finds that somebody else has put a request or certificate of this name there', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    const csr = await strangersCsr('i-1.test');
    fake.entries.set('i-1.test', { csr, certificate: null, revoked: false });
    await expect(ask(node, fake.port)).rejects.toMatchObject({ code: 'CSR_MISMATCH' });
    fake.entries.set('i-1.test', { csr: null, certificate: signCsr(ca, csr), revoked: false });
    await expect(ask(node, fake.port)).rejects.toMatchObject({ code: 'CSR_MISMATCH' });
  });

  test('says what the CA said when the name is still revoked', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    fake.entries.set('i-1.test', { csr: null, certificate: 'x', revoked: true });
    await expect(ask(node, fake.port)).rejects.toMatchObject({
      code: 'CA_REFUSED',
      message: expect.stringContaining('already has a revoked'),
    });
  });

  test('tells a master that is down from one that is not the right one', async () => {
    const node = await aNode();
    await expect(ask(node, 1)).rejects.toMatchObject({ code: 'MASTER_UNREACHABLE' });
    await using fake = await startPuppetCa(ca);
    fake.broken = 503;
    await expect(ask(node, fake.port)).rejects.toMatchObject({ code: 'MASTER_UNREACHABLE' });
    await expect(ask(node, fake.port, otherCa.pem)).rejects.toMatchObject({ code: 'SECURITY_REJECTED' });
  });

  test('replaces a foreign CA with its CRL and the certificate from it', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    const files = filesOf(node);
    await writeFile(files.ca, otherCa.pem);
    await writeFile(files.crl, 'crl');
    await writeFile(files.certificate, signCsr(otherCa, node.identity.puppetCsrPem));
    await ask(node, fake.port);
    expect([await read(files.ca), await read(files.crl), await read(files.certificate)]).toEqual([
      ca.pem,
      null,
      null,
    ]);
  });

  test('leaves the CRL alone when the CA is the same', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode();
    await writeFile(filesOf(node).ca, `\n${ca.pem}`);
    await writeFile(filesOf(node).crl, 'crl');
    await ask(node, fake.port);
    expect(await read(filesOf(node).crl)).toBe('crl');
  });

  test('refuses something that is no certificate', async () => {
    await expect(ask(await aNode(), 1, 'rubbish')).rejects.toMatchObject({ code: 'RPC_INVALID_DATA' });
  });
});

describe('has_cert', () => {
  const has = (node: TestNode, ca_pem?: string) =>
    actions.has_cert(ca_pem === undefined ? {} : { ca_pem }, request, node.host);

  test('wants a certificate of this key, this name and this CA, in its time', async () => {
    const node = await aNode();
    const files = filesOf(node);
    expect(await has(node)).toEqual({ has_cert: false, reason: 'there is no certificate' });
    await writeFile(files.ca, ca.pem);
    await writeFile(files.certificate, signCsr(ca, node.identity.puppetCsrPem));
    expect(await has(node)).toEqual({ has_cert: true, reason: '' });
    expect(await has(node, otherCa.pem)).toMatchObject({
      has_cert: false,
      reason: 'the certificate is from another CA',
    });
    await writeFile(files.certificate, signCsr(ca, await strangersCsr('i-1.test')));
    expect(await has(node)).toMatchObject({ has_cert: false, reason: 'the certificate is for another key' });
    await writeFile(files.certificate, signCsr(ca, node.identity.puppetCsrPem, -1));
    expect(await has(node)).toMatchObject({ has_cert: false, reason: 'the certificate has expired' });
    await writeFile(files.certificate, 'rubbish');
    expect((await has(node)).has_cert).toBe(false);
  });
});

describe('The lock', () => {
  test('is held by one owner, who may take it again', async () => {
    const { host } = await aNode();
    expect(await actions.lock_deploy({ owner: 'run-1' }, request, host)).toEqual({
      owner: 'run-1',
      changed: true,
    });
    expect(await actions.lock_deploy({ owner: 'run-1' }, request, host)).toEqual({
      owner: 'run-1',
      changed: false,
    });
    await expect(actions.lock_deploy({ owner: 'run-2' }, request, host)).rejects.toMatchObject({
      code: 'NODE_LOCKED',
      message: 'locked by run-1',
    });
    expect(await actions.is_locked({}, request, host)).toEqual({ locked: true, owner: 'run-1' });
    expect(await actions.unlock_deploy({ owner: 'run-2' }, request, host)).toEqual({ unlocked: false });
    expect(await actions.unlock_deploy({}, request, host)).toEqual({ unlocked: true });
    expect(await actions.is_locked({}, request, host)).toEqual({ locked: false, owner: null });
  });

  test('goes to one of many who ask at the same moment', async () => {
    const { host } = await aNode();
    const asked = Array.from({ length: 10 }, (_, index) =>
      actions.lock_deploy({ owner: `run-${index}` }, request, host),
    );
    const results = await Promise.allSettled(asked);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('set_puppet_host', () => {
  test('writes its line once', async () => {
    const { host, dir } = await aNode();
    await writeFile(join(dir, 'hosts'), '127.0.0.1 localhost\n');
    const set = () => actions.set_puppet_host({ ipaddress: '10.0.0.5', hostname: 'puppet' }, request, host);
    expect([await set(), await set()]).toEqual([{ changed: true }, { changed: false }]);
    expect(await read(join(dir, 'hosts'))).toBe('10.0.0.5 puppet # muster\n127.0.0.1 localhost\n');
  });
});

describe('disable_provisioner', () => {
  test('is kept, drops the lock, and the agent is not active any more', async () => {
    const node = await aNode();
    expect(await agent.activate(node.host)).toBe(true);
    await actions.lock_deploy({ owner: 'run-1' }, request, node.host);
    expect(await actions.disable_provisioner({ collective: 'production' }, request, node.host)).toEqual({
      disabled: true,
    });
    expect(node.changes()).toBe(1);
    expect(await agent.activate(node.host)).toBe(false);
    expect(JSON.parse((await read(join(node.dir, 'state', 'state.json'))) ?? '')).toMatchObject({
      disabled: true,
      production: 'production',
      lock: null,
    });
    expect(await actions.is_disabled({}, request, node.host)).toEqual({ disabled: true });
  });

  test('does not make a master out of a node: without a hello the agent is never active', async () => {
    const { host } = await aNode();
    expect(await agent.activate({ ...host, node: null })).toBe(false);
  });
});

describe('A Puppet run', () => {
  test('needs Puppet', async () => {
    const node = await aNode({}, '/nonexistent/puppet');
    const asked = actions.run_puppet({ environment: 'production', timeout_s: 60 }, request, node.host);
    await expect(asked).rejects.toMatchObject({ code: 'PUPPET_MISSING' });
  });

  test('fetches the signed certificate first, so that Puppet need not ask', async () => {
    await using fake = await startPuppetCa(ca);
    const node = await aNode({}, '/bin/true');
    await actions.request_certificate(
      { ca_pem: ca.pem, server: 'localhost', port: fake.port },
      request,
      node.host,
    );
    const certificate = signCsr(ca, node.identity.puppetCsrPem);
    fake.entries.set('i-1.test', { csr: null, certificate, revoked: false });
    const run = () =>
      actions.run_puppet({ run: 'r1', environment: 'production', timeout_s: 60 }, request, node.host);
    await run();
    expect(await read(filesOf(node).certificate)).toBe(certificate);
    await eventually(async () => (await run()).state === 'finished');
    node.host.runs.close();
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import agent from '../../agent/agents/puppetca.ts';
import type { AgentHost } from '../../agent/host.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import { makePuppetCsr, readCsr } from '../../src/trust/csr.ts';
import { type FakePuppetCa, startPuppetCa } from '../kit/puppet-ca.ts';
import { makePuppetCa, signCsr } from '../kit/puppet-pki.ts';
import { aNode, request } from './host.ts';

const { actions } = agent;
const ca = await makePuppetCa();
const certname = 'i-1.test';

async function aCsr(name = certname) {
  const csr = makePuppetCsr({ certname: name, keyPem: (await newKeyPair()).keyPem });
  return { csr, spki: readCsr(csr).spkiSha256 };
}

async function aMaster(fake: FakePuppetCa): Promise<AgentHost> {
  const { host, dir } = await aNode();
  const puppetca = {
    url: fake.url(),
    ca: join(dir, 'ca.pem'),
    certificate: join(dir, 'master.pem'),
    key: join(dir, 'master.key'),
  };
  await writeFile(puppetca.ca, ca.pem);
  await writeFile(puppetca.certificate, ca.serverPem);
  await writeFile(puppetca.key, ca.serverKeyPem);
  return { ...host, node: null, config: { ...host.config, puppetca } };
}

const waiting = (csr: string) => ({ csr, certificate: null, revoked: false });
const signed = (csr: string) => ({ csr: null, certificate: signCsr(ca, csr), revoked: false });

describe('sign', () => {
  test('signs a request of the expected key, and does nothing the second time', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const { csr, spki } = await aCsr();
    fake.entries.set(certname, waiting(csr));
    const first = await actions.sign({ certname, spki_sha256: spki }, request, host);
    expect(first).toMatchObject({
      changed: true,
      fingerprint: expect.stringMatching(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/),
    });
    expect(await actions.sign({ certname, spki_sha256: spki }, request, host)).toEqual({
      ...first,
      changed: false,
    });
  });

  test('never signs another key', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const [mine, theirs] = [await aCsr(), await aCsr()];
    fake.entries.set(certname, waiting(theirs.csr));
    await expect(actions.sign({ certname, spki_sha256: mine.spki }, request, host)).rejects.toMatchObject({
      code: 'CSR_MISMATCH',
    });
    expect(fake.entries.get(certname)?.certificate).toBeNull();
    fake.entries.set(certname, signed(theirs.csr));
    await expect(actions.sign({ certname, spki_sha256: mine.spki }, request, host)).rejects.toMatchObject({
      code: 'CSR_MISMATCH',
    });
  });

  test('revokes and deletes what was issued when the request was exchanged after the look', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const [mine, theirs] = [await aCsr(), await aCsr()];
    fake.entries.set(certname, waiting(mine.csr));
    fake.beforeSign = () => fake.entries.set(certname, waiting(theirs.csr));
    await expect(actions.sign({ certname, spki_sha256: mine.spki }, request, host)).rejects.toMatchObject({
      code: 'CSR_MISMATCH',
    });
    expect(fake.entries.has(certname)).toBe(false);
    expect(fake.calls).toContain('PUT /puppet-ca/v1/clean');
  });

  test('takes the word of another controller who was faster', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const { csr, spki } = await aCsr();
    fake.entries.set(certname, waiting(csr));
    fake.beforeSign = () => fake.entries.set(certname, signed(csr));
    expect(await actions.sign({ certname, spki_sha256: spki }, request, host)).toMatchObject({
      changed: false,
    });
  });

  test('finds no request, a revoked certificate, and a request that is not RSA', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const { csr, spki } = await aCsr();
    await expect(actions.sign({ certname, spki_sha256: spki }, request, host)).rejects.toMatchObject({
      code: 'CSR_NOT_FOUND',
    });
    fake.entries.set(certname, { ...signed(csr), revoked: true });
    await expect(actions.sign({ certname, spki_sha256: spki }, request, host)).rejects.toMatchObject({
      code: 'CA_REFUSED',
    });
    fake.entries.set(
      certname,
      waiting('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'),
    );
    await expect(actions.sign({ certname, spki_sha256: spki }, request, host)).rejects.toMatchObject({
      code: 'CSR_MISMATCH',
    });
  });
});

describe('clean', () => {
  test('asks once about a name that nobody knows', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    expect(await actions.clean({ certname }, request, host)).toEqual({ revoked: false, dropped: false });
    expect(fake.calls).toEqual([`GET /puppet-ca/v1/certificate_status/${certname}`]);
  });

  test('revokes a certificate, and drops a waiting request', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const { csr } = await aCsr();
    fake.entries.set(certname, signed(csr));
    expect(await actions.clean({ certname }, request, host)).toEqual({ revoked: true, dropped: false });
    fake.entries.set(certname, waiting(csr));
    expect(await actions.clean({ certname }, request, host)).toEqual({ revoked: false, dropped: true });
    expect(fake.entries.size).toBe(0);
  });
});

describe('status and list', () => {
  test('tell server, CA and what is known of a name', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    const { csr, spki } = await aCsr();
    expect(await actions.status({}, request, host)).toEqual({
      server: 'running',
      ca_pem: ca.pem,
      state: null,
      spki_sha256: null,
      fingerprint: null,
    });
    expect(await actions.status({ certname }, request, host)).toMatchObject({
      state: 'none',
      spki_sha256: null,
    });
    fake.entries.set(certname, waiting(csr));
    expect(await actions.status({ certname }, request, host)).toMatchObject({
      state: 'requested',
      spki_sha256: spki,
    });
    expect(await actions.list({}, request, host)).toEqual({ requests: [certname], signed: [] });
    fake.entries.set(certname, signed(csr));
    expect(await actions.status({ certname }, request, host)).toMatchObject({
      state: 'signed',
      spki_sha256: spki,
    });
    expect(await actions.list({}, request, host)).toEqual({ requests: [], signed: [certname] });
  });

  test('tell that the server is down, which is an answer for status and an error for all else', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    fake.broken = 503;
    expect(await actions.status({ certname }, request, host)).toMatchObject({
      server: 'unreachable',
      ca_pem: ca.pem,
      state: null,
    });
    await expect(actions.list({}, request, host)).rejects.toMatchObject({ code: 'MASTER_UNREACHABLE' });
    await expect(actions.clean({ certname }, request, host)).rejects.toMatchObject({
      code: 'MASTER_UNREACHABLE',
    });
  });

  test('name the right that is missing', async () => {
    await using fake = await startPuppetCa(ca);
    const host = await aMaster(fake);
    fake.broken = 403;
    await expect(actions.list({}, request, host)).rejects.toMatchObject({
      code: 'CA_REFUSED',
      message: expect.stringContaining('pp_cli_auth'),
    });
  });
});

test('The agent is active on a master alone', async () => {
  await using fake = await startPuppetCa(ca);
  expect(await agent.activate(await aMaster(fake))).toBe(true);
  expect(await agent.activate((await aNode()).host)).toBe(false);
});

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createCa, loadCa, newKeyPair } from '../../../src/trust/ca.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-ca-'));
afterAll(() => rmSync(dir, { recursive: true }));
const ca = await createCa(join(dir, 'pki'), { name: 'muster ca' });
const root = new X509Certificate(ca.certificatePem);
const { publicKeyPem } = await newKeyPair();

describe('the collective CA', () => {
  it('keeps its key to itself and leaves nothing else behind', async () => {
    expect(statSync(join(dir, 'pki/ca.key')).mode & 0o777).toBe(0o600);
    expect((await readdir(join(dir, 'pki'))).sort()).toEqual(['ca.key', 'ca.pem']);
    expect(root.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
  });

  it('is never replaced', async () => {
    const before = readFileSync(join(dir, 'pki/ca.key'), 'utf8');
    await expect(createCa(join(dir, 'pki'), { name: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(readFileSync(join(dir, 'pki/ca.key'), 'utf8')).toBe(before);
  });

  it('issues certificates with name, role, use and dates', () => {
    const pem = ca.issue({ name: 'web1.example.org', role: 'node', publicKeyPem, days: 0.5 });
    const certificate = new X509Certificate(pem);
    expect(certificate.checkIssued(root) && certificate.verify(root.publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=web1.example.org\nOU=node');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    const hours = (certificate.validToDate.getTime() - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThan(12.1);
  });

  it('gives servers and controllers their other use, and the names they serve', () => {
    const pem = ca.issue({
      name: 'broker.example.org',
      role: 'server',
      publicKeyPem,
      days: 1,
      sans: ['broker.example.org', '10.0.0.1'],
    });
    const certificate = new X509Certificate(pem);
    expect(certificate.subjectAltName).toBe('DNS:broker.example.org, IP Address:10.0.0.1');
    expect(certificate.keyUsage).toContain('1.3.6.1.5.5.7.3.1');
  });

  it('gives no two certificates one serial number, and none outlives the CA', () => {
    const issue = () =>
      new X509Certificate(ca.issue({ name: 'a', role: 'node', publicKeyPem, days: 100_000 }));
    const many = Array.from({ length: 20 }, issue);
    expect(new Set(many.map((certificate) => certificate.serialNumber)).size).toBe(20);
    expect(many[0]?.validToDate).toEqual(root.validToDate);
  });

  it.each([
    ['a.b', 'controller'],
    ['a.b', 'operator'],
    ['UPPER', 'node'],
    ['a/../b', 'node'],
    ['', 'node'],
    ['a\nOU=controller', 'node'],
    ['#', 'node'],
  ] as const)('does not issue the name %j to the role %s', (name, role) => {
    expect(() => ca.issue({ name, role, publicKeyPem, days: 1 })).toThrow(
      expect.objectContaining({ code: 'SECURITY_REJECTED' }),
    );
  });

  it('is the same after it was loaded, and writes certificates with their keys', async () => {
    const loaded = await loadCa(join(dir, 'pki'));
    expect(loaded.certificatePem).toBe(ca.certificatePem);
    const paths = await loaded.issueToFiles({
      name: 'ctl',
      role: 'controller',
      days: 1,
      dir: join(dir, 'out'),
    });
    expect(statSync(paths.key).mode & 0o777).toBe(0o600);
    const certificate = new X509Certificate(readFileSync(paths.certificate));
    expect(certificate.verify(root.publicKey)).toBe(true);
  });

  it('is not loaded where there is none, or where key and certificate do not fit', async () => {
    await expect(loadCa(join(dir, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await createCa(join(dir, 'two'), { name: 'two' });
    writeFileSync(join(dir, 'two/ca.pem'), ca.certificatePem);
    await expect(loadCa(join(dir, 'two'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

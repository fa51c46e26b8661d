import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { makePuppetCsr, readCsr } from '../../../src/trust/csr.ts';
import { spkiSha256OfKey } from '../../../src/trust/keys.ts';

const { keyPem } = await newKeyPair();
const PP_INSTANCE_ID = '1.3.6.1.4.1.34380.1.1.2';
const PP_CLI_AUTH = '1.3.6.1.4.1.34380.1.3.39';
const rejectedBy = (reason: string) =>
  expect.objectContaining({ code: 'SECURITY_REJECTED', message: expect.stringMatching(`^${reason}: `) });

describe('a signing request', () => {
  it('is read with its name, key and extensions', () => {
    const pem = makePuppetCsr({
      certname: 'i-1.example.org',
      keyPem,
      extensions: { [PP_INSTANCE_ID]: 'i-1' },
    });
    expect(readCsr(pem)).toEqual({
      commonName: 'i-1.example.org',
      spkiSha256: spkiSha256OfKey(keyPem),
      extensions: [PP_INSTANCE_ID],
    });
  });

  it('of forge alone is read too, when it is signed with SHA-256', () => {
    const csr = forge.pki.createCertificationRequest();
    const key = forge.pki.privateKeyFromPem(keyPem);
    csr.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
    csr.setSubject([{ shortName: 'CN', value: 'web1' }]);
    csr.sign(key, forge.md.sha256.create());
    expect(readCsr(forge.pki.certificationRequestToPem(csr)).commonName).toBe('web1');
    csr.sign(key, forge.md.sha1.create());
    expect(() => readCsr(forge.pki.certificationRequestToPem(csr))).toThrow(rejectedBy('ALGORITHM'));
  });

  it('that is for another name or key than expected is a mismatch', async () => {
    const pem = makePuppetCsr({ certname: 'web1', keyPem });
    expect(() => readCsr(pem, { commonName: 'web2' })).toThrow(
      expect.objectContaining({ code: 'CSR_MISMATCH' }),
    );
    const other = spkiSha256OfKey((await newKeyPair()).keyPem);
    expect(() => readCsr(pem, { spkiSha256: other })).toThrow(
      expect.objectContaining({ code: 'CSR_MISMATCH' }),
    );
    expect(readCsr(pem, { commonName: 'web1', spkiSha256: spkiSha256OfKey(keyPem) }).commonName).toBe('web1');
  });

  it('that asks for rights in Puppet or for other names is refused', () => {
    for (const oid of [PP_CLI_AUTH, '1.3.6.1.4.1.34380.1.3.1', '2.5.29.17']) {
      const pem = makePuppetCsr({ certname: 'web1', keyPem, extensions: { [oid]: 'true' } });
      expect(() => readCsr(pem)).toThrow(rejectedBy('EXTENSION'));
    }
  });

  it('with a name that is no certname is refused', () => {
    for (const certname of ['UPPER', 'a b', '../x', 'x'.repeat(300)])
      expect(() => readCsr(makePuppetCsr({ certname, keyPem }))).toThrow(rejectedBy('FORMAT'));
  });

  it('whose part outside the signature was rewritten is refused', () => {
    const der = Buffer.from(
      makePuppetCsr({ certname: 'web1', keyPem }).replace(/-----[^-]+-----|\n/g, ''),
      'base64',
    );
    const at = der.lastIndexOf(Buffer.from('0b0500', 'hex')) + 1;
    for (const parameters of ['0400', '8500', '0101']) {
      Buffer.from(parameters, 'hex').copy(der, at);
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      expect(() => readCsr(pem)).toThrow(rejectedBy('FORMAT'));
    }
  });

  it('that is too long, or several, or none is refused', () => {
    const pem = makePuppetCsr({ certname: 'web1', keyPem });
    expect(() => readCsr('x'.repeat(8193))).toThrow(rejectedBy('SIZE'));
    for (const text of ['', 'x', pem + pem, pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'), `x${pem}`])
      expect(() => readCsr(text)).toThrow(rejectedBy('FORMAT'));
  });
});

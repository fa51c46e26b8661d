import { randomBytes } from 'node:crypto';
import forge from 'node-forge';
import { newKeyPair } from '../../src/trust/ca.ts';

/** A CA like Puppet's: subjects are one CN, without a role. */
export interface TestCa {
  readonly pem: string;
  readonly keyPem: string;
  /** A certificate of it for `localhost`, which is also allowed to administer it. */
  readonly serverPem: string;
  readonly serverKeyPem: string;
}

const DAY_MS = 86_400_000;

/** Makes a CA and its server's certificate. */
export async function makePuppetCa(name = 'Puppet CA: test'): Promise<TestCa> {
  const [own, server] = await Promise.all([newKeyPair(), newKeyPair()]);
  const pem = issue({ keyPem: own.keyPem, issuer: name }, { name, publicKeyPem: own.publicKeyPem, ca: true });
  const serverPem = issue(
    { keyPem: own.keyPem, issuer: name },
    { name: 'localhost', publicKeyPem: server.publicKeyPem, ca: false },
  );
  return { pem, keyPem: own.keyPem, serverPem, serverKeyPem: server.keyPem };
}

/** A certificate for the name and key of a signing request. */
export function signCsr(ca: TestCa, csrPem: string, validDays = 365): string {
  const csr = forge.pki.certificationRequestFromPem(csrPem);
  const { publicKey } = csr;
  if (publicKey == null) throw new Error('a request without a key');
  const name = String(csr.subject.getField('CN').value);
  const issuer = String(forge.pki.certificateFromPem(ca.pem).subject.getField('CN').value);
  const publicKeyPem = forge.pki.publicKeyToPem(publicKey);
  return issue({ keyPem: ca.keyPem, issuer }, { name, publicKeyPem, ca: false, validDays });
}

function issue(
  by: { keyPem: string; issuer: string },
  of: { name: string; publicKeyPem: string; ca: boolean; validDays?: number },
): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(of.publicKeyPem);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - 2 * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + (of.validDays ?? 365) * DAY_MS);
  certificate.setSubject([{ shortName: 'CN', value: of.name }]);
  certificate.setIssuer([{ shortName: 'CN', value: by.issuer }]);
  certificate.setExtensions(
    of.ca
      ? [{ name: 'basicConstraints', cA: true, critical: true }]
      : [{ name: 'subjectAltName', altNames: [{ type: 2, value: of.name }] }],
  );
  certificate.sign(forge.pki.privateKeyFromPem(by.keyPem), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

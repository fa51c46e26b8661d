import { createPrivateKey, X509Certificate } from 'node:crypto';
import { MusterError } from '../../src/core/errors.ts';

/** Why a certificate does not fit, or null when it does. */
export interface FitQuestion {
  readonly certificatePem: string;
  /** Private key that it must belong to. */
  readonly keyPem: string;
  readonly certname: string;
  /** One or more certificates of the CA, as Puppet Server gives them. */
  readonly caPem: string;
  readonly nowMs: number;
}

/** Looks at key, name, CA and dates; gives the first thing that is wrong as one short sentence, else null. Never throws. */
export function whyNotFit(question: FitQuestion): string | null {
  try {
    const certificate = new X509Certificate(question.certificatePem);
    return (
      keyProblem(certificate, question.keyPem) ??
      nameProblem(certificate, question.certname) ??
      issuerProblem(certificate, question.caPem) ??
      dateProblem(certificate, question.nowMs)
    );
  } catch {
    return 'the certificate, the key or the CA certificate cannot be read';
  }
}

/** The certificates of a PEM text, in order. Throws RPC_INVALID_DATA when there is none or one cannot be read. */
export function readBundle(pem: string): X509Certificate[] {
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error('there is no certificate in it');
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new MusterError('RPC_INVALID_DATA', 'the CA certificate cannot be read', { cause });
  }
}

/** True when both texts hold the same certificates, in whatever order and layout. */
export function sameBundle(one: string, other: string): boolean {
  const prints = (pem: string) =>
    readBundle(pem)
      .map((certificate) => certificate.fingerprint256)
      .sort()
      .join();
  try {
    return prints(one) === prints(other);
  } catch {
    return false;
  }
}

function keyProblem(certificate: X509Certificate, keyPem: string): string | null {
  return certificate.checkPrivateKey(createPrivateKey(keyPem)) ? null : 'the certificate is for another key';
}

function nameProblem(certificate: X509Certificate, certname: string): string | null {
  return certificate.subject === `CN=${certname}` ? null : `the certificate is not for ${certname}`;
}

function issuerProblem(certificate: X509Certificate, caPem: string): string | null {
  const issued = readBundle(caPem).some(
    (ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey),
  );
  return issued ? null : 'the certificate is from another CA';
}

function dateProblem(certificate: X509Certificate, nowMs: number): string | null {
  if (nowMs < certificate.validFromDate.getTime()) return 'the certificate is not valid yet';
  return nowMs > certificate.validToDate.getTime() ? 'the certificate has expired' : null;
}

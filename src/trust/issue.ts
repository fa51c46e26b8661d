import { type KeyObject, randomBytes, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';
import type { Role } from '../core/names.ts';
import { SHA256_WITH_RSA, signedDer, toPem } from './forge.ts';

const DAY_MS = 86_400_000;
/** A certificate is valid a little before it was made: clocks differ. */
const BACKDATE_MS = 5 * 60_000;

/** What goes into a certificate. `days` may be a fraction; it never outlives its CA. */
export interface Entry {
  readonly name: string;
  readonly role: Role;
  readonly publicKeyPem: string;
  readonly days: number;
  /** DNS names and IP addresses. */
  readonly sans?: readonly string[];
  readonly nowMs: number;
  /** It begins to be valid later than this, although others begin a little before they were made. */
  readonly afterMs?: number;
}

/** PEM of a self-signed CA certificate that can sign end entities only (path length 0). */
export function buildCaCertificate(
  entry: { name: string; publicKeyPem: string; days: number; nowMs: number },
  key: KeyObject,
): string {
  const draft = newDraft(entry);
  draft.setSubject([{ shortName: 'CN', value: entry.name }]);
  draft.setIssuer(draft.subject.attributes);
  draft.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return finish(draft, key);
}

/** PEM of a certificate for an end entity. */
export function buildCertificate(
  entry: Entry,
  ca: { certificate: X509Certificate; pem: string; key: KeyObject },
): string {
  const issuer = forge.pki.certificateFromPem(ca.pem);
  const draft = newDraft(entry, ca.certificate.validToDate.getTime());
  draft.setSubject([
    { shortName: 'CN', value: entry.name },
    { shortName: 'OU', value: entry.role },
  ]);
  draft.setIssuer(issuer.subject.attributes);
  const serves = entry.role === 'server' || entry.role === 'controller';
  draft.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', clientAuth: true, ...(serves ? { serverAuth: true } : {}) },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    ...(entry.sans?.length ? [{ name: 'subjectAltName', altNames: entry.sans.map(altName) }] : []),
  ]);
  return finish(draft, ca.key);
}

function newDraft(
  { publicKeyPem, days, nowMs, afterMs = 0 }: Pick<Entry, 'publicKeyPem' | 'days' | 'nowMs' | 'afterMs'>,
  latestMs = Number.POSITIVE_INFINITY,
): forge.pki.Certificate {
  const draft = forge.pki.createCertificate();
  draft.publicKey = forge.pki.publicKeyFromPem(publicKeyPem);
  draft.serialNumber = newSerial();
  // Dates in certificates have whole seconds.
  draft.validity.notBefore = new Date(Math.max(nowMs - BACKDATE_MS, Math.floor(afterMs / 1000 + 1) * 1000));
  draft.validity.notAfter = new Date(Math.min(nowMs + days * DAY_MS, latestMs));
  return draft;
}

/** 128 random bits; the first byte is never zero and never makes the integer negative, so that its DER is minimal. */
function newSerial(): string {
  const bytes = randomBytes(17);
  bytes[0] = 1 + ((bytes[0] ?? 0) % 127);
  return bytes.toString('hex');
}

function altName(name: string): object {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name };
}

function finish(draft: forge.pki.Certificate, key: KeyObject): string {
  draft.signatureOid = SHA256_WITH_RSA;
  draft.siginfo.algorithmOid = SHA256_WITH_RSA;
  draft.signature = '';
  const unsigned = forge.pki.certificateToAsn1(draft);
  return toPem('CERTIFICATE', signedDer(unsigned, key));
}

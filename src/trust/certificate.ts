import type { KeyObject, X509Certificate } from 'node:crypto';
import { identityName, ROLES, type Role, word } from '../core/names.ts';
import type { Sender } from '../core/seal.ts';
import { readCertificate, rsaPublicKey } from './keys.ts';
import { rejected } from './reject.ts';

/** A certificate of the collective CA, read strictly. */
export interface VerifiedCertificate {
  readonly sender: Sender;
  readonly publicKey: KeyObject;
  /** Serial number, lower-case hex. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Name and role of a certificate: its subject must be exactly one CN (a name on the bus; one word for controllers and
 * operators, because it is a word of their reply address) and one OU (a role). Throws SECURITY_REJECTED (ROLE).
 */
export function subjectOf(certificate: X509Certificate): Sender {
  const lines = certificate.subject.split('\n');
  const partsOf = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const [name, ...otherNames] = partsOf('CN');
  const [unit, ...otherUnits] = partsOf('OU');
  const role = ROLES.find((known) => known === unit);
  if (
    lines.length !== 2 ||
    otherNames.length > 0 ||
    otherUnits.length > 0 ||
    name === undefined ||
    role === undefined
  )
    throw rejected('ROLE', 'the subject is not one CN and one known OU');
  checkName(name, role);
  return { name, role };
}

/** Throws SECURITY_REJECTED (ROLE) when nobody of this role may have this name. */
export function checkName(name: string, role: Role): void {
  const schema = role === 'controller' || role === 'operator' ? word : identityName;
  if (!schema.safeParse(name).success) throw rejected('ROLE', `the name does not fit the role ${role}`);
}

/**
 * Verifies that the collective CA issued a certificate to an end entity; its dates are given back and not looked at.
 * Throws SECURITY_REJECTED (CERTIFICATE, ISSUER, ROLE, KEY).
 */
export function verifyIssued(certificate: string | Buffer, ca: X509Certificate): VerifiedCertificate {
  const read = readCertificate(certificate);
  if (typeof certificate !== 'string' && !read.raw.equals(certificate))
    throw rejected('CERTIFICATE', 'not DER alone');
  if (read.ca) throw rejected('CERTIFICATE', 'is a CA');
  if (!read.checkIssued(ca) || !read.verify(ca.publicKey))
    throw rejected('ISSUER', 'not issued by the collective CA');
  return {
    sender: subjectOf(read),
    publicKey: rsaPublicKey(read.publicKey),
    serial: read.serialNumber.toLowerCase(),
    notBeforeMs: read.validFromDate.getTime(),
    notAfterMs: read.validToDate.getTime(),
  };
}

/** Throws SECURITY_REJECTED (VALIDITY) unless `nowMs` lies within the dates of the certificate. */
export function checkDates(verified: VerifiedCertificate, nowMs: number): void {
  if (nowMs < verified.notBeforeMs) throw rejected('VALIDITY', 'the certificate is not valid yet');
  if (nowMs > verified.notAfterMs) throw rejected('VALIDITY', 'the certificate has expired');
}

import { X509Certificate } from 'node:crypto';
import { MusterError } from '../../src/core/errors.ts';
import { type CaApi, certificateSpki, requestSpki } from './ca-api.ts';

/**
 * Signs the request of a name if, and only if, it holds this public key, then compares the issued certificate: between
 * look and signature the request could have been exchanged. What was issued for another key is revoked and deleted at once.
 * Throws CSR_NOT_FOUND, CSR_MISMATCH, CA_REFUSED, MASTER_UNREACHABLE.
 */
export async function signByKey(
  ca: CaApi,
  name: string,
  spki: string,
): Promise<{ changed: boolean; fingerprint: string }> {
  const waiting = await ca.request(name);
  if (waiting === null) return signedAlready(ca, name, spki);
  if ((await requestSpki(waiting)) !== spki) throw mismatch('signing request', name);
  const outcome = await ca.sign(name);
  // Another controller was faster, or the request was dropped: what there is now decides.
  if (outcome !== 'signed') return signedAlready(ca, name, spki);
  const issued = await ca.certificate(name);
  if (issued === null)
    throw new MusterError('CSR_NOT_FOUND', `the CA signed ${name} and does not give the certificate`);
  if (certificateSpki(issued) === spki) return { changed: true, fingerprint: fingerprintOf(issued) };
  await cleanName(ca, name);
  throw mismatch('issued certificate, now revoked,', name);
}

/**
 * Revokes and deletes the certificate of a name and drops its waiting request. Looks first: a name that nobody knows
 * costs one call. *Source:* `PUT /clean` leaves requests in place, `DELETE certificate_status` does not revoke.
 */
export async function cleanName(ca: CaApi, name: string): Promise<{ revoked: boolean; dropped: boolean }> {
  const status = await ca.status(name);
  if (status === null) return { revoked: false, dropped: false };
  const revoked = status.state !== 'requested';
  if (revoked) await ca.clean(name);
  return { revoked, dropped: await ca.drop(name) };
}

async function signedAlready(
  ca: CaApi,
  name: string,
  spki: string,
): Promise<{ changed: boolean; fingerprint: string }> {
  const signed = await ca.certificate(name);
  if (signed === null) throw new MusterError('CSR_NOT_FOUND', `the CA has no signing request of ${name}`);
  if (certificateSpki(signed) !== spki) throw mismatch('signed certificate', name);
  if ((await ca.status(name))?.state === 'revoked') {
    throw new MusterError('CA_REFUSED', `the certificate of ${name} is revoked: clean the name first`);
  }
  return { changed: false, fingerprint: fingerprintOf(signed) };
}

function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

function mismatch(what: string, name: string): MusterError {
  return new MusterError('CSR_MISMATCH', `the ${what} of ${name} holds another key`);
}

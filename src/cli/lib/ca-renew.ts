import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MusterError } from '../../core/errors.ts';
import { loadCa } from '../../trust/ca.ts';
import { verifyIssued } from '../../trust/certificate.ts';
import { lifeDays } from '../../trust/expiry.ts';
import { writeWhole } from '../../trust/files.ts';

/** What a person wants renewed. */
export interface RenewWish {
  /** Folder of the CA. */
  readonly dir: string;
  readonly name: string;
  /** Its certificate now; the new one takes its place. */
  readonly path: string;
  /** As many as before when not given. */
  readonly days?: number;
}

/**
 * A certificate for the same name, role, key and further names, in place of the old one, which may have ended. Gives until
 * when it is valid. Throws NOT_FOUND (no CA, no such file, not in the book), CONFLICT (revoked, or another's),
 * SECURITY_REJECTED.
 */
export async function renewByHand({ dir, name, path, days }: RenewWish): Promise<{ notAfterMs: number }> {
  const ca = await loadCa(dir);
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('NOT_FOUND', `there is no ${path}; name the file by --certificate`, { cause });
  });
  const old = verifyIssued(pem, new X509Certificate(ca.certificatePem));
  const { sender, serial } = old;
  if (sender.name !== name)
    throw new MusterError('CONFLICT', `${path} is the certificate of ${sender.name}, expected ${name}`);
  const entry = ca.book.issued().find((one) => one.serial === serial && one.name === name);
  if (entry === undefined)
    throw new MusterError(
      'NOT_FOUND',
      `${path} does not stand in the book of ${dir}: it was issued elsewhere`,
    );
  if (ca.book.revocations().revokes(old))
    throw new MusterError(
      'CONFLICT',
      `${name} was revoked, and its key with it; muster ca issue makes a new one`,
    );
  const renewed = ca.issue({
    ...{ name, role: sender.role, sans: sansOf(pem) },
    publicKeyPem: old.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    days: days ?? lifeDays(entry),
  });
  await writeWhole(path, renewed, { mode: 0o644, replace: true });
  return { notAfterMs: new X509Certificate(renewed).validToDate.getTime() };
}

/** Host names and addresses of a certificate, as `ca issue` takes them. */
function sansOf(pem: string): string[] {
  const text = new X509Certificate(pem).subjectAltName ?? '';
  return text
    .split(', ')
    .filter((san) => san !== '')
    .map((san) => san.replace(/^(DNS|IP Address):/, ''));
}

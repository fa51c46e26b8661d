import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../core/errors.ts';
import { type Issued, openCaBook, type Revocation } from '../../trust/ca-book.ts';
import { endingCertificates } from '../../trust/expiry.ts';

/** One certificate as people see it. */
export interface CertificateRecord extends Issued {
  readonly state: 'valid' | 'expired' | 'revoked';
  /** It is valid, but not for long, and nobody has renewed it. */
  readonly ends_soon: boolean;
}

/** What the folder of a CA knows. Throws NOT_FOUND when it is none. */
export async function caRecords(
  dir: string,
  nowMs: number,
): Promise<{ certificates: CertificateRecord[]; revocations: Revocation[] }> {
  await access(join(dir, 'ca.pem')).catch((cause: unknown) => {
    throw new MusterError('NOT_FOUND', `${dir} is not the folder of a CA: there is no ca.pem`, { cause });
  });
  const book = openCaBook(dir);
  const list = book.revocations();
  const ending = new Set(endingCertificates(book, nowMs).map(({ serial }) => serial));
  const certificates = book.issued().map((entry): CertificateRecord => {
    const { name, role, not_before_ms: notBeforeMs } = entry;
    const revoked = list.revokes({ sender: { name, role }, notBeforeMs });
    const state = revoked ? 'revoked' : entry.not_after_ms < nowMs ? 'expired' : 'valid';
    return { ...entry, state, ends_soon: state === 'valid' && ending.has(entry.serial) };
  });
  return { certificates, revocations: list.entries() };
}

/** A time as a table shows it: UTC, to the minute. Pure. */
export function shownTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

import type { CaBook, Issued } from './ca-book.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 30 * DAY_MS;
/** Changing a CA takes long: everybody needs the new one first. */
const SOON_CA_MS = 365 * DAY_MS;
/** What ended long ago is nobody's any more. */
const LATE_MS = 30 * DAY_MS;

/**
 * Days that a certificate was issued for. Not from its dates alone: it begins a little before it was made, and ends with a
 * whole second, so that each renewal would change its life. Pure.
 */
export function lifeDays({ at_ms: atMs, not_after_ms: notAfterMs }: Issued): number {
  return (Math.ceil((notAfterMs - atMs) / 1000) * 1000) / DAY_MS;
}

/** Is it within the last third of its life and its last 30 days (a CA: its last year), or over? Pure. */
export function endsSoon(
  dates: { readonly notBeforeMs: number; readonly notAfterMs: number; readonly ca?: boolean },
  nowMs: number,
): boolean {
  const { notBeforeMs, notAfterMs, ca = false } = dates;
  const leftMs = notAfterMs - nowMs;
  return leftMs < (ca ? SOON_CA_MS : SOON_MS) && leftMs < (notAfterMs - notBeforeMs) / 3;
}

/**
 * Those of a book that a person, or a master's daemon, has to renew: the newest of each name which is not a node's, not
 * revoked, and ends soon or ended within the last 30 days. By time of their end.
 */
export function endingCertificates(book: CaBook, nowMs: number): Issued[] {
  const newest = new Map<string, Issued>();
  for (const entry of book.issued()) newest.set(entry.name, entry);
  const revoked = book.revocations();
  return [...newest.values()]
    .filter((entry) => entry.role !== 'node' && nowMs - entry.not_after_ms < LATE_MS)
    .filter(({ name, role, not_before_ms: notBeforeMs, not_after_ms: notAfterMs }) => {
      const gone = revoked.revokes({ sender: { name, role }, notBeforeMs });
      return !gone && endsSoon({ notBeforeMs, notAfterMs }, nowMs);
    })
    .sort((a, b) => a.not_after_ms - b.not_after_ms);
}

/** `ends on 2026-12-01, in 9 days`; `ended on …`. Pure. */
export function endText(notAfterMs: number, nowMs: number): string {
  const day = new Date(notAfterMs).toISOString().slice(0, 10);
  const days = Math.floor(Math.abs(notAfterMs - nowMs) / DAY_MS);
  const span = days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`;
  return notAfterMs < nowMs ? `ended on ${day}, ${span} ago` : `ends on ${day}, in ${span}`;
}

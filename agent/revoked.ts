import { join } from 'node:path';
import type { Log } from '../src/core/log.ts';
import type { VerifiedCertificate } from '../src/trust/certificate.ts';
import { listDigest, openList } from '../src/trust/revocation.ts';
import { readIfThere, writeAtomic } from './files.ts';

/** Callers whose certificates were revoked, as the CA says. */
export interface RevokedCallers {
  /** For `createOpener`. */
  revokes(certificate: Pick<VerifiedCertificate, 'sender' | 'notBeforeMs'>): boolean;
  /** Digest of the last list taken; null before the first. */
  digest(): string | null;
  /** Takes a signed list; an old one takes nothing back. Gives how many names are refused. Throws SECURITY_REJECTED, NODE_IO. */
  take(list: string): Promise<number>;
}

const FILE = 'revoked.jws';

/** Those that the node knew when it was stopped are known at once. Throws NODE_IO. */
export async function openRevokedCallers(stateDir: string, caPem: string, log: Log): Promise<RevokedCallers> {
  const beforeMs = new Map<string, number>();
  const path = join(stateDir, FILE);
  let last: { iatMs: number; digest: string } | null = null;
  const apply = (jws: string): boolean => {
    const { iatMs, revoked } = openList(jws, caPem);
    for (const { name, before_ms } of revoked)
      beforeMs.set(name, Math.max(before_ms, beforeMs.get(name) ?? 0));
    if (last !== null && iatMs <= last.iatMs) return false;
    last = { iatMs, digest: listDigest(revoked) };
    return true;
  };
  const kept = await readIfThere(path);
  if (kept !== null) {
    try {
      apply(kept);
    } catch (cause) {
      log.warn(
        { path, err: String(cause) },
        'the list of revoked callers makes no sense: a controller sends it anew',
      );
    }
  }
  return {
    revokes: ({ sender, notBeforeMs }) =>
      notBeforeMs <= (beforeMs.get(sender.name) ?? Number.NEGATIVE_INFINITY),
    digest: () => last?.digest ?? null,
    async take(list) {
      if (apply(list)) await writeAtomic(path, list, { mode: 0o644 });
      return beforeMs.size;
    },
  };
}

import type { KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { MAX_MESSAGE_BYTES } from '../core/messages.ts';
import { identityName } from '../core/names.ts';
import type { Revocation } from './ca-book.ts';
import type { VerifiedCertificate } from './certificate.ts';
import { parseObject } from './compact.ts';
import { jwsHeader, parseJws, signJws, verifyJws } from './jws.ts';
import { readCertificate, sha256Hex } from './keys.ts';
import { rejected } from './reject.ts';

const SignedList = z.strictObject({
  v: z.literal(1),
  typ: z.literal('revocations'),
  iat_ms: z.number().int(),
  revoked: z.array(z.strictObject({ name: identityName, before_ms: z.number().int() })),
});

/** What everybody may know of a revocation. */
export type RevokedName = z.output<typeof SignedList>['revoked'][number];

/**
 * Who is revoked. A certificate is, when its name is in the list and it was issued until then: so nothing has to be known
 * of the certificate itself, and no copy of one is forgotten. Adding in any order, any number of times, gives the same.
 */
export class RevocationList {
  readonly #names = new Map<string, Revocation>();
  /** How often it changed: to see whether it did. */
  changes = 0;

  /** Adds one decision; true when it changed something. The time only ever moves on; whether the name is barred is the last word. */
  add(entry: Revocation): boolean {
    const known = this.#names.get(entry.name);
    if (known === undefined) return this.#set(entry);
    const last = entry.at_ms > known.at_ms ? entry : known;
    const before_ms = Math.max(known.before_ms, entry.before_ms);
    const until_ms = Math.max(known.until_ms, entry.until_ms);
    const merged = { ...last, before_ms, until_ms };
    if (JSON.stringify(merged) === JSON.stringify(known)) return false;
    return this.#set(merged);
  }

  get(name: string): Revocation | undefined {
    return this.#names.get(name);
  }

  /** All decisions, by name. */
  entries(): Revocation[] {
    return [...this.#names.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** For `createOpener`. */
  revokes({ sender, notBeforeMs }: Pick<VerifiedCertificate, 'sender' | 'notBeforeMs'>): boolean {
    const known = this.#names.get(sender.name);
    return known !== undefined && notBeforeMs <= known.before_ms;
  }

  #set(entry: Revocation): true {
    this.#names.set(entry.name, entry);
    this.changes += 1;
    return true;
  }

  /** True while this name is not let in by a hello. */
  bars(name: string): boolean {
    return this.#names.get(name)?.barred === true;
  }

  /** What nodes and masters have to know: revoked callers whose certificates may still be within their dates. */
  forNodes(nowMs: number): RevokedName[] {
    return this.entries()
      .filter(({ role, until_ms }) => role !== 'node' && until_ms >= nowMs)
      .map(({ name, before_ms }) => ({ name, before_ms }));
  }
}

/** A list that names the last one taken, so that a controller need not send it again: 16 hex digits. Pure. */
export function listDigest(revoked: readonly RevokedName[]): string {
  return sha256Hex(JSON.stringify(revoked.map(({ name, before_ms }) => [name, before_ms]))).slice(0, 16);
}

/** Signs a list with the key of the CA: compact JWS, which anybody may carry. */
export function signList(revoked: readonly RevokedName[], key: KeyObject, nowMs: number): string {
  return signJws(jwsHeader(), JSON.stringify({ v: 1, typ: 'revocations', iat_ms: nowMs, revoked }), key);
}

/** What a signed list says. Throws SECURITY_REJECTED (SIZE, FORMAT, ALGORITHM, SIGNATURE). */
export function openList(
  jws: string,
  ca: string | X509Certificate,
): { iatMs: number; revoked: RevokedName[] } {
  const parsed = parseJws(jws, MAX_MESSAGE_BYTES);
  if (parsed.header.x5c !== undefined) throw rejected('FORMAT', 'a list carries no certificate');
  verifyJws(parsed, (typeof ca === 'string' ? readCertificate(ca) : ca).publicKey);
  const list = SignedList.safeParse(parseObject(parsed.payload));
  if (!list.success) throw rejected('FORMAT', 'not a list of revocations');
  return { iatMs: list.data.iat_ms, revoked: list.data.revoked };
}

import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES, Request } from '../core/messages.ts';
import { word } from '../core/names.ts';
import type { Encrypt, Opener, ReplayCache, Sealer, Sender } from '../core/seal.ts';

/** How far the clocks of caller and node may differ. */
const SKEW_MS = 30_000;

/** A request that is genuine, fresh and meant for where it arrived. */
export interface Admitted {
  readonly request: Request;
  readonly sender: Sender;
  readonly sha256: string;
  readonly expiresAtMs: number;
  /** It came encrypted to this node. */
  readonly encrypted: boolean;
  /** Encrypts to the caller. */
  readonly encrypt: Encrypt;
}

/**
 * `reason` is a fixed upper-case word, `detail` never holds what was sent; `sender` is the name in a certificate that was
 * verified. Nobody is answered, because nobody can be told who asked.
 */
export type Admission =
  | { readonly ok: true; readonly admitted: Admitted }
  | { readonly ok: false; readonly reason: string; readonly detail: string; readonly sender: string | null };

/**
 * Lets a request in, cheap checks first: size, decryption of what is encrypted, signature, schema, audience (where it arrived is where it was meant to),
 * expiry, and at last replay, so that only genuine requests are remembered.
 */
export function admit(
  body: Buffer,
  arrived: { collective: string; aud: string },
  by: { opener: Opener; sealer: Pick<Sealer, 'unwrap'>; replay: ReplayCache; clock: Clock },
): Admission {
  if (body.length > MAX_MESSAGE_BYTES) return refuse('SIZE');
  let opened: ReturnType<Opener['open']>;
  let encrypted: boolean;
  try {
    const unwrapped = by.sealer.unwrap(body);
    encrypted = unwrapped.encrypted;
    opened = by.opener.open(unwrapped.signed);
  } catch (thrown) {
    const { message } = asMusterError(thrown);
    return refuse(/^[A-Z_]+(?=:)/.exec(message)?.[0] ?? 'FORMAT', null, message);
  }
  const from = opened.sender.name;
  const parsed = Request.safeParse(opened.payload);
  if (!parsed.success) return refuse('FORMAT', from);
  const { sender, sha256, encrypt } = opened;
  // The name becomes a word of the reply's address.
  if (!word.safeParse(sender.name).success) return refuse('CALLER', from);
  const request = parsed.data;
  if (request.aud !== arrived.aud || request.collective !== arrived.collective)
    return refuse('AUDIENCE', from);
  const nowMs = by.clock.nowMs();
  const expiresAtMs = request.iat_ms + request.ttl_s * 1000 + SKEW_MS;
  if (nowMs > expiresAtMs || nowMs < request.iat_ms - SKEW_MS) return refuse('EXPIRED', from);
  if (by.replay.seen(`${sender.name}:${request.id}`, expiresAtMs)) return refuse('REPLAYED', from);
  return { ok: true, admitted: { request, sender, sha256, expiresAtMs, encrypted, encrypt } };
}

function refuse(reason: string, sender: string | null = null, detail = reason): Admission {
  return { ok: false, reason, detail, sender };
}

import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { fromBase64url, parseObject, splitCompact } from './compact.ts';
import { rejected } from './reject.ts';

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

/** The whole of a protected header: anything more (`jku`, `jwk`, `x5u`, `crit`, …) is refused. */
export interface JwsHeader {
  readonly alg: 'PS256';
  /** Exactly one certificate, DER in base64, of the signer. */
  readonly x5c?: readonly [string];
}

/** A compact JWS taken apart. Nothing in it is verified yet. */
export interface ParsedJws {
  readonly header: JwsHeader;
  readonly payload: Buffer;
  readonly signingInput: Buffer;
  readonly signature: Buffer;
}

/** The protected header of {@link signJws}, made once for many messages: base64url. */
export function jwsHeader(certificateDer?: Uint8Array): string {
  const x5c = certificateDer === undefined ? {} : { x5c: [Buffer.from(certificateDer).toString('base64')] };
  return Buffer.from(JSON.stringify({ alg: 'PS256', ...x5c })).toString('base64url');
}

/** Compact JWS, PS256 (RSA-PSS, SHA-256, salt of 32 bytes). `header` comes from {@link jwsHeader}. *Source:* RFC 7515, RFC 7518 3.5. */
export function signJws(header: string, payload: Uint8Array | string, key: KeyObject): string {
  const signingInput = `${header}.${Buffer.from(payload).toString('base64url')}`;
  return `${signingInput}.${sign('sha256', Buffer.from(signingInput, 'latin1'), { key, ...PSS }).toString('base64url')}`;
}

/** Takes a compact JWS apart, strictly. Throws SECURITY_REJECTED (SIZE, FORMAT, ALGORITHM). */
export function parseJws(message: Uint8Array | string, maxBytes: number): ParsedJws {
  const [header, payload, signature] = splitCompact(message, 3, maxBytes);
  return {
    header: checkedHeader(parseObject(fromBase64url(header))),
    payload: fromBase64url(payload),
    signingInput: Buffer.from(`${header}.${payload}`, 'latin1'),
    signature: fromBase64url(signature),
  };
}

/** Throws SECURITY_REJECTED (SIGNATURE) unless `key` made the signature. The algorithm is fixed, whatever the header says. */
export function verifyJws(jws: ParsedJws, key: KeyObject): void {
  if (!verify('sha256', jws.signingInput, { key, ...PSS }, jws.signature))
    throw rejected('SIGNATURE', 'does not hold');
}

function checkedHeader(header: Record<string, unknown>): JwsHeader {
  const { alg, x5c, ...rest } = header;
  if (alg !== 'PS256') throw rejected('ALGORITHM', 'alg is not PS256');
  if (Object.keys(rest).length > 0) throw rejected('FORMAT', 'unknown header parameter');
  if (x5c === undefined) return { alg };
  if (!Array.isArray(x5c) || x5c.length !== 1 || typeof x5c[0] !== 'string')
    throw rejected('FORMAT', 'x5c is not one certificate');
  return { alg, x5c: [x5c[0]] };
}

import { rejected } from './reject.ts';

/** Largest protected header, in characters: room for one certificate. */
const MAX_HEADER_CHARS = 12_288;
const DOT = 0x2e;

/** The dot-separated parts of a compact JWS (3) or JWE (5). Throws SECURITY_REJECTED (SIZE, FORMAT) before anything is decoded. */
export function splitCompact(message: Uint8Array | string, parts: number, maxBytes: number): string[] {
  if (message.length > maxBytes) throw rejected('SIZE', `over ${maxBytes} bytes`);
  const text =
    typeof message === 'string'
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.length).toString('latin1');
  const split = text.split('.', parts + 1);
  if (split.length !== parts) throw rejected('FORMAT', `not ${parts} parts`);
  if ((split[0] ?? '').length > MAX_HEADER_CHARS) throw rejected('SIZE', 'header too long');
  return split;
}

/** Has this message the five parts of a compact JWE? Looks no further than the fifth dot. */
export function looksEncrypted(message: Uint8Array): boolean {
  let dots = 0;
  for (let at = message.indexOf(DOT); at >= 0 && dots < 5; at = message.indexOf(DOT, at + 1)) dots += 1;
  return dots === 4;
}

/** Bytes of a base64url text, which must be the only way to write them. Throws SECURITY_REJECTED (FORMAT). */
export function fromBase64url(text: string | undefined): Buffer {
  if (text === undefined || text === '') throw rejected('FORMAT', 'an empty part');
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw rejected('FORMAT', 'not base64url');
  return bytes;
}

/** JSON of a part, as a plain object. Throws SECURITY_REJECTED (FORMAT). */
export function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw rejected('FORMAT', 'not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw rejected('FORMAT', 'not an object');
  return value as Record<string, unknown>;
}

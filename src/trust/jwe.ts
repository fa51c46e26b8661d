import {
  constants,
  createCipheriv,
  createDecipheriv,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { fromBase64url, parseObject, splitCompact } from './compact.ts';
import { attempt } from './keys.ts';
import { rejected } from './reject.ts';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CEK_BYTES = 32;

/**
 * Compact JWE, RSA-OAEP-256 and A256GCM. `kid` tells the reader which of its keys to take.
 * *Source:* RFC 7516, RFC 7518 4.3 and 5.3.
 */
export function encryptJwe(plaintext: Uint8Array, key: KeyObject, kid: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid })).toString(
    'base64url',
  );
  const cek = randomBytes(CEK_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', cek, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(header, 'latin1'));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const parts = [publicEncrypt({ key, ...OAEP }, cek), iv, sealed, cipher.getAuthTag()];
  return [header, ...parts.map((part) => part.toString('base64url'))].join('.');
}

/**
 * Opens a compact JWE with the key that `keyOf` gives for its `kid`. Throws SECURITY_REJECTED (SIZE, FORMAT, ALGORITHM,
 * KEY when `keyOf` knows none, DECRYPTION without saying which part was wrong).
 */
export function decryptJwe(
  message: Uint8Array,
  maxBytes: number,
  keyOf: (kid: string) => KeyObject | undefined,
): Buffer {
  const [header, wrapped, iv, sealed, tag] = splitCompact(message, 5, maxBytes);
  const key = keyOf(checkedKid(parseObject(fromBase64url(header))));
  if (key === undefined) throw rejected('KEY', 'encrypted to a key that is not ours');
  const [wrappedBytes, ivBytes, sealedBytes, tagBytes] = [wrapped, iv, sealed, tag].map(fromBase64url);
  if (!wrappedBytes || !sealedBytes || ivBytes?.length !== IV_BYTES || tagBytes?.length !== TAG_BYTES)
    throw rejected('FORMAT', 'a part has the wrong length');
  return attempt(
    () => {
      const cek = privateDecrypt({ key, ...OAEP }, wrappedBytes);
      const decipher = createDecipheriv('aes-256-gcm', cek, ivBytes, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(header ?? '', 'latin1')).setAuthTag(tagBytes);
      return Buffer.concat([decipher.update(sealedBytes), decipher.final()]);
    },
    'DECRYPTION',
    'does not open',
  );
}

function checkedKid(header: Record<string, unknown>): string {
  const { alg, enc, kid, ...rest } = header;
  if (alg !== 'RSA-OAEP-256') throw rejected('ALGORITHM', 'alg is not RSA-OAEP-256');
  if (enc !== 'A256GCM') throw rejected('ALGORITHM', 'enc is not A256GCM');
  if (typeof kid !== 'string' || !/^[0-9a-f]{64}$/.test(kid))
    throw rejected('FORMAT', 'kid is no thumbprint');
  if (Object.keys(rest).length > 0) throw rejected('FORMAT', 'unknown header parameter');
  return kid;
}

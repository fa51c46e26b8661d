import { createHash, createPrivateKey, createPublicKey, KeyObject, X509Certificate } from 'node:crypto';
import { type Reason, rejected } from './reject.ts';

/** A key as PEM, or read already (saves about 0.1 ms a message). */
export type KeyInput = string | KeyObject;

const MIN_BITS = 2048;
const MAX_BITS = 8192;
/** The only exponent taken: a huge one makes every verification slow. */
const EXPONENT = 65_537n;

/** Thumbprints of keys that were read once and are used for every message; a key that nobody holds is forgotten. */
const thumbs = new WeakMap<KeyObject, string>();
/** Keys that were checked already. */
const checked = new WeakSet<KeyObject>();

/** An RSA private key of 2048 bits or more. Throws SECURITY_REJECTED (KEY). */
export function rsaPrivateKey(key: KeyInput): KeyObject {
  const read = typeof key === 'string' ? attempt(() => createPrivateKey(key), 'KEY', 'no private key') : key;
  if (read.type !== 'private') throw rejected('KEY', 'no private key');
  return checkedRsa(read);
}

/** An RSA public key of 2048 bits or more, from SPKI PEM or from a private key. Throws SECURITY_REJECTED (KEY). */
export function rsaPublicKey(key: KeyInput): KeyObject {
  if (key instanceof KeyObject && key.type === 'public') return checkedRsa(key);
  return checkedRsa(attempt(() => createPublicKey(key), 'KEY', 'no public key'));
}

/** A certificate from PEM or DER. Throws SECURITY_REJECTED (CERTIFICATE). */
export function readCertificate(certificate: string | Buffer): X509Certificate {
  return attempt(() => new X509Certificate(certificate), 'CERTIFICATE', 'no X.509 certificate');
}

/** SHA-256, hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256, hex, of a public key in SPKI DER form; `key` may be private. Throws SECURITY_REJECTED (KEY). */
export function spkiSha256OfKey(key: KeyInput): string {
  if (typeof key === 'string') return thumbOf(attempt(() => createPublicKey(key), 'KEY', 'no key'));
  const known = thumbs.get(key) ?? thumbOf(key.type === 'public' ? key : publicHalf(key));
  thumbs.set(key, known);
  return known;
}

/** What `read` gives; anything that it throws becomes SECURITY_REJECTED with this reason. */
export function attempt<T>(read: () => T, reason: Reason, detail: string): T {
  try {
    return read();
  } catch (cause) {
    throw rejected(reason, detail, cause);
  }
}

function publicHalf(key: KeyObject): KeyObject {
  return attempt(() => createPublicKey(key), 'KEY', 'no key');
}

function thumbOf(key: KeyObject): string {
  return sha256Hex(key.export({ type: 'spki', format: 'der' }));
}

function checkedRsa(key: KeyObject): KeyObject {
  if (checked.has(key)) return key;
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') throw rejected('KEY', 'not RSA');
  if (modulusLength < MIN_BITS || modulusLength > MAX_BITS)
    throw rejected('KEY', `${modulusLength} bits, need ${MIN_BITS} to ${MAX_BITS}`);
  if (publicExponent !== EXPONENT) throw rejected('KEY', 'unusual public exponent');
  checked.add(key);
  return key;
}

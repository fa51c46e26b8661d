import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { MusterError } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES } from '../core/messages.ts';
import type { Opened, Opener, Sealer } from '../core/seal.ts';
import { checkDates, subjectOf, type VerifiedCertificate, verifyIssued } from './certificate.ts';
import { looksEncrypted, parseObject } from './compact.ts';
import { decryptJwe, encryptJwe } from './jwe.ts';
import { jwsHeader, parseJws, signJws, verifyJws } from './jws.ts';
import { readCertificate, rsaPrivateKey, sha256Hex, spkiSha256OfKey } from './keys.ts';
import { rejected } from './reject.ts';

/** Certificates that are remembered as verified; the one used longest ago is dropped. */
const CACHED_CERTIFICATES = 4096;
const MAX_CERTIFICATE_CHARS = 8192;

/**
 * Signs messages as `name`: compact JWS with the certificate inside; and opens those that are encrypted to it. Throws CONFIG_INVALID when name, certificate and
 * key do not belong together, SECURITY_REJECTED when one of them cannot be read.
 */
export function createSealer(own: { name: string; certificatePem: string; keyPem: string }): Sealer {
  const certificate = readCertificate(own.certificatePem);
  const key = rsaPrivateKey(own.keyPem);
  if (!certificate.checkPrivateKey(key))
    throw new MusterError('CONFIG_INVALID', `the key of ${own.name} is not the key of its certificate`);
  const { name } = subjectOf(certificate);
  if (name !== own.name)
    throw new MusterError('CONFIG_INVALID', `the certificate is for ${name}, expected ${own.name}`);
  const header = jwsHeader(certificate.raw);
  const thumb = spkiSha256OfKey(certificate.publicKey);
  const ownKey = (kid: string) => (kid === thumb ? key : undefined);
  return {
    name,
    seal: (payload) => Buffer.from(signJws(header, JSON.stringify(payload), key), 'latin1'),
    unwrap: (message) =>
      looksEncrypted(message)
        ? { signed: decryptJwe(message, MAX_MESSAGE_BYTES, ownKey), encrypted: true }
        : { signed: message, encrypted: false },
  };
}

/**
 * Verifies messages of holders of certificates of the collective CA. The sender comes from the certificate. Each
 * certificate is verified once and then known by its SHA-256; dates and `revoked` (serial in lower-case hex; the whole
 * certificate) are looked at for every message. `open` throws SECURITY_REJECTED.
 */
export function createOpener(trust: {
  caPem: string;
  revoked?: (serial: string, certificate: VerifiedCertificate) => boolean;
  clock: Clock;
}): Opener {
  const ca = readCertificate(trust.caPem);
  if (!ca.ca) throw new MusterError('CONFIG_INVALID', 'the certificate to be trusted is no CA');
  const known = new Map<string, VerifiedCertificate>();
  const verifiedOf = (text: string): VerifiedCertificate => {
    if (text.length > MAX_CERTIFICATE_CHARS) throw rejected('SIZE', 'certificate too long');
    const id = createHash('sha256').update(text).digest('base64');
    const verified = known.get(id) ?? verifyIssued(derOf(text), ca);
    known.delete(id);
    known.set(id, verified);
    if (known.size > CACHED_CERTIFICATES) known.delete(known.keys().next().value ?? '');
    return verified;
  };
  return {
    open: (message): Opened => {
      const jws = parseJws(message, MAX_MESSAGE_BYTES);
      if (jws.header.x5c === undefined) throw rejected('CERTIFICATE', 'none in the message');
      const verified = verifiedOf(jws.header.x5c[0]);
      checkDates(verified, trust.clock.nowMs());
      if (trust.revoked?.(verified.serial, verified))
        throw rejected('REVOKED', 'the certificate was revoked');
      verifyJws(jws, verified.publicKey);
      const { sender, publicKey } = verified;
      return {
        payload: parseObject(jws.payload),
        sender,
        sha256: sha256Hex(message),
        encrypt: (plain) => Buffer.from(encryptJwe(plain, publicKey, spkiSha256OfKey(publicKey)), 'latin1'),
      };
    },
  };
}

function derOf(text: string): Buffer {
  const der = Buffer.from(text, 'base64');
  if (der.toString('base64') !== text) throw rejected('FORMAT', 'x5c is not base64');
  return der;
}

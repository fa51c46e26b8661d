import { createPublicKey, KeyObject } from 'node:crypto';
import { type Clock, systemClock } from '../core/clock.ts';
import { CLOCK, Hello, HelloAnswer, MAX_HELLO_BYTES } from '../core/messages.ts';
import type { Opener, Sealer } from '../core/seal.ts';
import { parseObject } from './compact.ts';
import { decryptJwe, encryptJwe } from './jwe.ts';
import { jwsHeader, parseJws, signJws, verifyJws } from './jws.ts';
import {
  type KeyInput,
  readCertificate,
  rsaPrivateKey,
  rsaPublicKey,
  sha256Hex,
  spkiSha256OfKey,
} from './keys.ts';
import { rejected } from './reject.ts';

/** How far the clocks of a machine that has just booted and of the controller may differ. */
const SKEW_MS = 5 * 60_000;
const PLAIN_HEADER = jwsHeader();

/** A hello whose signature holds: whoever sent it has the bus key inside. Who that is, an attestor has to say. */
export interface OpenedHello {
  readonly hello: Hello;
  /** SHA-256, hex, of the message as it arrived. */
  readonly sha256: string;
  /** SHA-256, hex, of the node's bus public key (SPKI DER): names its inbox. */
  readonly thumb: string;
}

/**
 * Signs a hello by the node's bus key and encrypts it to one controller, whose key it names by the SHA-256 of its SPKI.
 * Throws SECURITY_REJECTED (KEY, CERTIFICATE; FORMAT when the hello does not hold the public half of `busKeyPem`).
 */
export function sealHello(hello: Hello, keys: { busKeyPem: KeyInput; controllerCertPem: string }): Buffer {
  const busKey = rsaPrivateKey(keys.busKeyPem);
  if (spkiSha256OfKey(hello.bus_public_key) !== spkiSha256OfKey(busKey))
    throw rejected('FORMAT', 'the hello holds another bus key');
  const controllerKey = rsaPublicKey(readCertificate(keys.controllerCertPem).publicKey);
  const signed = signJws(PLAIN_HEADER, JSON.stringify(hello), busKey);
  return Buffer.from(
    encryptJwe(Buffer.from(signed, 'latin1'), controllerKey, spkiSha256OfKey(controllerKey)),
  );
}

/**
 * Opens a hello with the controller's key, or one of several while keys are being changed. With `anyAge` its age is left
 * to the caller, who can then tell an honest node with a wrong clock what time it is. Throws SECURITY_REJECTED: SIZE,
 * FORMAT, ALGORITHM, KEY (not for us), DECRYPTION, SIGNATURE, EXPIRED.
 */
export function openHello(
  bytes: Uint8Array,
  own: { controllerKeyPem: KeyInput | readonly KeyInput[]; clock?: Clock; anyAge?: boolean },
): OpenedHello {
  const inputs =
    typeof own.controllerKeyPem === 'string' || own.controllerKeyPem instanceof KeyObject
      ? [own.controllerKeyPem]
      : own.controllerKeyPem;
  const keys = inputs.map(rsaPrivateKey);
  const signed = decryptJwe(bytes, MAX_HELLO_BYTES, (kid) =>
    keys.find((key) => spkiSha256OfKey(key) === kid),
  );
  const jws = parseJws(signed, MAX_HELLO_BYTES);
  if (jws.header.x5c !== undefined) throw rejected('FORMAT', 'a hello carries no certificate');
  // The key is inside the message, so the schema has to be read first; nothing of it is used before the signature holds.
  const parsed = Hello.safeParse(parseObject(jws.payload));
  if (!parsed.success)
    throw rejected('FORMAT', `not a hello: ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
  const key = rsaPublicKey(parsed.data.bus_public_key);
  verifyJws(jws, key);
  if (own.anyAge !== true) checkAge(parsed.data, (own.clock ?? systemClock).nowMs());
  return { hello: parsed.data, sha256: sha256Hex(bytes), thumb: spkiSha256OfKey(key) };
}

/** Signs an answer as the controller and encrypts it to the node's bus key. Throws SECURITY_REJECTED (KEY). */
export function sealAnswer(answer: HelloAnswer, to: { sealer: Sealer; busPublicKeyPem: string }): Buffer {
  const key = rsaPublicKey(to.busPublicKeyPem);
  return Buffer.from(encryptJwe(to.sealer.seal(answer), key, spkiSha256OfKey(key)));
}

/**
 * Opens the answer to the hello with this nonce. Throws SECURITY_REJECTED: as {@link openHello}, ROLE when the signer is
 * no controller, NONCE when it answers another hello. The age of an answer whose reason is {@link CLOCK} is not looked
 * at: it is for a node whose clock is wrong, and the nonce says that it is no old one.
 */
export function openAnswer(
  bytes: Uint8Array,
  own: { busKeyPem: KeyInput; opener: Opener; nonce: string; clock?: Clock },
): HelloAnswer {
  const key = rsaPrivateKey(own.busKeyPem);
  const thumb = spkiSha256OfKey(createPublicKey(key));
  const signed = decryptJwe(bytes, MAX_HELLO_BYTES, (kid) => (kid === thumb ? key : undefined));
  const { payload, sender } = own.opener.open(signed);
  if (sender.role !== 'controller') throw rejected('ROLE', 'an answer that no controller signed');
  const parsed = HelloAnswer.safeParse(payload);
  if (!parsed.success) throw rejected('FORMAT', 'not an answer to a hello');
  if (parsed.data.nonce !== own.nonce) throw rejected('NONCE', 'answers another hello');
  const { data: answer } = parsed;
  if (answer.accepted || answer.reason !== CLOCK) checkAge(answer, (own.clock ?? systemClock).nowMs());
  return parsed.data;
}

function checkAge(stamp: { iat_ms: number; ttl_s: number }, nowMs: number): void {
  if (nowMs > stamp.iat_ms + stamp.ttl_s * 1000 + SKEW_MS) throw rejected('EXPIRED', 'too old');
  if (nowMs < stamp.iat_ms - SKEW_MS) throw rejected('EXPIRED', 'from the future: compare clocks');
}

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { decryptJwe, encryptJwe } from '../../../src/trust/jwe.ts';
import { jwsHeader, parseJws, signJws, verifyJws } from '../../../src/trust/jws.ts';
import { rsaPrivateKey, rsaPublicKey, sha256Hex, spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { testPki } from '../../kit/pki.ts';

const { keyPem } = await (await testPki()).holder('ctl', 'controller');
const privateKey = createPrivateKey(keyPem);
const publicKey = createPublicKey(privateKey);
const kid = spkiSha256OfKey(publicKey);
const text = Buffer.from('{"hello":"wörld"}');
const rejectedBy = (reason: string) =>
  expect.objectContaining({ code: 'SECURITY_REJECTED', message: expect.stringMatching(`^${reason}: `) });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return 'accepted';
}

describe('a JWS', () => {
  it('of ours is read by jose, and one of jose by us', async () => {
    const ours = signJws(jwsHeader(), text, privateKey);
    const verified = await compactVerify(ours, publicKey, { algorithms: ['PS256'] });
    expect(Buffer.from(verified.payload)).toEqual(text);
    const theirs = await new CompactSign(text).setProtectedHeader({ alg: 'PS256' }).sign(privateKey);
    const parsed = parseJws(theirs, 10_000);
    verifyJws(parsed, publicKey);
    expect(parsed.payload).toEqual(text);
  });

  it.each([
    { alg: 'none' },
    { alg: 'HS256' },
    { alg: 'RS256' },
    { alg: 'ps256' },
    { alg: 'RSA-OAEP-256' },
    {},
  ])('with the algorithm %j is refused', (header) => {
    expect(refusal(() => parseJws(`${encode(header)}.${encode({})}.${encode({})}`, 10_000))).toEqual(
      rejectedBy('ALGORITHM'),
    );
  });

  it.each([
    { jku: 'https://x' },
    { x5u: 'https://x' },
    { jwk: {} },
    { crit: ['b64'] },
    { b64: false },
    { kid: 'x' },
    { zip: 'DEF' },
  ])('whose header also holds %j is refused', (more) => {
    const message = `${encode({ alg: 'PS256', ...more })}.${encode({})}.${encode({})}`;
    expect(refusal(() => parseJws(message, 10_000))).toEqual(rejectedBy('FORMAT'));
  });

  it.each([[[]], [['a', 'b']], ['a'], [[1]], [null]])('whose x5c is %j is refused', (x5c) => {
    const message = `${encode({ alg: 'PS256', x5c })}.${encode({})}.${encode({})}`;
    expect(refusal(() => parseJws(message, 10_000))).toEqual(rejectedBy('FORMAT'));
  });

  it('is refused before it is read when it is too large', () => {
    expect(refusal(() => parseJws(Buffer.alloc(10_001, 'x'), 10_000))).toEqual(rejectedBy('SIZE'));
  });

  it('has one way to be written: padding, white space and other alphabets are refused', () => {
    const message = signJws(jwsHeader(), text, privateKey);
    for (const other of [
      `${message}=`,
      `${message}\n`,
      message.replace('.', '. '),
      `${message}.`,
      message.replace('-', '+'),
    ])
      if (other !== message) expect(refusal(() => parseJws(other, 10_000))).toEqual(rejectedBy('FORMAT'));
  });

  it('of another key does not hold, nor with RSA PKCS#1 padding', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(refusal(() => verifyJws(parseJws(signJws(jwsHeader(), text, other), 10_000), publicKey))).toEqual(
      rejectedBy('SIGNATURE'),
    );
    const pkcs1 = await new CompactSign(text).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    const relabelled = pkcs1.replace(/^[^.]+/, jwsHeader());
    expect(refusal(() => verifyJws(parseJws(relabelled, 10_000), publicKey))).toEqual(
      rejectedBy('SIGNATURE'),
    );
  });
});

describe('a JWE', () => {
  const open = (message: string) =>
    decryptJwe(Buffer.from(message), 10_000, (id) => (id === kid ? privateKey : undefined));

  it('of ours is read by jose, and one of jose by us', async () => {
    const decrypted = await compactDecrypt(encryptJwe(text, publicKey, kid), privateKey);
    expect(Buffer.from(decrypted.plaintext)).toEqual(text);
    const theirs = await new CompactEncrypt(text)
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid })
      .encrypt(publicKey);
    expect(open(theirs)).toEqual(text);
  });

  it.each([
    { alg: 'RSA-OAEP', enc: 'A256GCM' },
    { alg: 'RSA1_5', enc: 'A256GCM' },
    { alg: 'dir', enc: 'A256GCM' },
    { alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' },
  ])('with %j is refused', (header) => {
    expect(refusal(() => open(`${encode({ ...header, kid })}.AA.AA.AA.AA`))).toEqual(rejectedBy('ALGORITHM'));
  });

  it('to another key is refused as not for us', () => {
    expect(refusal(() => open(encryptJwe(text, publicKey, 'f'.repeat(64))))).toEqual(rejectedBy('KEY'));
  });

  it('with any part changed does not open, and does not say which part', () => {
    const parts = encryptJwe(text, publicKey, kid).split('.');
    for (const index of [1, 2, 3, 4]) {
      const bytes = Buffer.from(parts[index] ?? '', 'base64url');
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      const changed = parts.with(index, bytes.toString('base64url')).join('.');
      expect(refusal(() => open(changed))).toEqual(rejectedBy('DECRYPTION'));
    }
  });

  it('with a shortened tag is refused', () => {
    const parts = encryptJwe(text, publicKey, kid).split('.');
    const tag = Buffer.from(parts[4] ?? '', 'base64url').subarray(0, 12);
    expect(refusal(() => open(parts.with(4, tag.toString('base64url')).join('.')))).toEqual(
      rejectedBy('FORMAT'),
    );
  });
});

describe('a key', () => {
  it('that is short, not RSA, of an unusual exponent, or no key is refused', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const odd = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey;
    const curve = generateKeyPairSync('ed25519').privateKey;
    for (const key of [short, odd, curve, 'no key'])
      expect(refusal(() => rsaPrivateKey(key))).toEqual(rejectedBy('KEY'));
    expect(refusal(() => rsaPublicKey('no key'))).toEqual(rejectedBy('KEY'));
    expect(refusal(() => rsaPrivateKey(publicKey))).toEqual(rejectedBy('KEY'));
  });

  it('has one thumbprint, whichever half or form it comes in', () => {
    const der = publicKey.export({ type: 'spki', format: 'der' });
    expect(spkiSha256OfKey(keyPem)).toBe(sha256Hex(der));
    expect(spkiSha256OfKey(publicKey)).toBe(sha256Hex(der));
    expect(spkiSha256OfKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBe(
      sha256Hex(der),
    );
  });
});

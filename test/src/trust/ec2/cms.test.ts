import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { MusterError } from '../../../../src/core/errors.ts';
import { readBer } from '../../../../src/trust/ec2/ber.ts';
import { readCms, verifyCms } from '../../../../src/trust/ec2/cms.ts';
import { createEc2Signer, documentOf } from '../../../kit/ec2-signer.ts';

const signer = createEc2Signer();
afterAll(() => signer.remove());

const keyOf = (path: string): KeyObject => createPublicKey(readFileSync(path));
const genuine = keyOf(signer.genuine.certificate);
const text = documentOf();

function open(base64: string, keys: readonly KeyObject[] = [genuine]): string {
  return verifyCms(readCms(Buffer.from(base64, 'base64')), keys).toString();
}

const reason = (word: string) =>
  expect.objectContaining({
    code: 'SECURITY_REJECTED',
    message: expect.stringMatching(new RegExp(`^${word}: `)),
  });

describe('a genuine message', () => {
  test.each([
    ['BER of indefinite length without certificates', ['-nocerts', '-stream', '-md', 'sha256']],
    ['BER with its certificate inside', ['-stream', '-md', 'sha256']],
    ['DER', ['-md', 'sha256']],
    ['with the key identifier as the name of the signer', ['-md', 'sha256', '-keyid']],
  ])('is read: %s', (_, args) => {
    expect(open(signer.sign(text, { args }))).toBe(text);
  });

  test('is read with any of several pinned keys', () => {
    expect(open(signer.sign(text), [keyOf(signer.forged.certificate), genuine])).toBe(text);
  });
});

describe('what others were taken in by', () => {
  test('a self-made certificate inside, with the genuine name and serial, is not looked at', () => {
    const forged = signer.sign(text, { keys: [signer.forged], args: ['-md', 'sha256'] });
    expect(() => open(forged)).toThrow(reason('SIGNATURE'));
  });

  test('a bag with the genuine certificate first does not help a forger', () => {
    const bag = (certificate: string) => ['-md', 'sha256', '-certfile', certificate];
    const forged = signer.sign(text, { keys: [signer.forged], args: bag(signer.genuine.certificate) });
    expect(() => open(forged)).toThrow(reason('SIGNATURE'));
    expect(open(signer.sign(text, { args: bag(signer.forged.certificate) }))).toBe(text);
  });

  test('two signers are refused, though one is genuine', () => {
    for (const keys of [
      [signer.genuine, signer.forged],
      [signer.forged, signer.genuine],
    ])
      expect(() => open(signer.sign(text, { keys, args: ['-md', 'sha256'] }))).toThrow(reason('SIGNERS'));
  });

  test('changed content is refused', () => {
    const bytes = Buffer.from(signer.sign(text), 'base64');
    const at = bytes.indexOf('i-0123456789abcdef0');
    bytes.write('i-0123456789abcdef1', at);
    expect(() => open(bytes.toString('base64'))).toThrow(reason('DIGEST'));
  });

  test('no signed attributes, SHA-1, a detached message and another type are refused', () => {
    const refuse = (args: readonly string[], word: string) =>
      expect(() => open(signer.sign(text, { args }))).toThrow(reason(word));
    refuse(['-md', 'sha256', '-noattr'], 'FORMAT');
    refuse(['-md', 'sha1'], 'ALGORITHM');
    refuse(['-md', 'sha256', '-econtent_type', '1.2.3.4'], 'FORMAT');
    refuse(['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss'], 'ALGORITHM');
    expect(() => open(Buffer.from(text).toString('base64'))).toThrow(reason('FORMAT'));
  });
});

describe('the reader of BER', () => {
  const nested = (depth: number) =>
    Buffer.concat([Buffer.alloc(depth * 2, Buffer.from([0x30, 0x80])), Buffer.alloc(depth * 2)]);

  test('is bounded in depth, elements and size', () => {
    expect(readBer(nested(20)).children).toHaveLength(1);
    expect(() => readBer(nested(30))).toThrow(reason('SIZE'));
    expect(() => readBer(nested(2000))).toThrow(reason('SIZE'));
    const many = Buffer.concat([
      Buffer.from([0x30, 0x80]),
      Buffer.alloc(4000, Buffer.from([5, 0])),
      Buffer.alloc(2),
    ]);
    expect(() => readBer(many)).toThrow(reason('SIZE'));
    expect(() => readBer(Buffer.alloc(9000, 0x30))).toThrow(reason('SIZE'));
  });

  test.each([
    ['nothing', ''],
    ['a cut length', '3082'],
    ['a length over the end', '300502'],
    ['a child longer than its parent', '300304050000'],
    ['bytes after the end', '30000500'],
    ['a primitive of indefinite length', '04800000'],
    ['a missing end mark', '30800500'],
    ['half an end mark', '30800001'],
    ['a tag of many bytes', '3f8100'],
    ['a length of four bytes', '308400000000'],
    ['an end mark that ends nothing', '0000'],
  ])('refuses %s', (_, hex) => {
    expect(() => readBer(Buffer.from(hex, 'hex'))).toThrow(reason('FORMAT'));
  });

  test('takes whatever bytes there are without another error', () => {
    const check = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        readBer(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(MusterError);
      }
    });
    fc.assert(check, { numRuns: 5000 });
  });
});

describe('ten thousand damaged copies', () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    kind: fc.constantFrom('change', 'insert', 'remove', 'repeat', 'cut'),
  });
  type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

  function apply(message: Buffer, { at, bytes, kind }: Damage): Buffer {
    const from = Math.floor(at * message.length);
    const [head, tail] = [message.subarray(0, from), message.subarray(from)];
    if (kind === 'change') return Buffer.concat([head, bytes, tail.subarray(bytes.length)]);
    if (kind === 'insert') return Buffer.concat([head, bytes, tail]);
    if (kind === 'remove') return Buffer.concat([head, tail.subarray(bytes.length)]);
    if (kind === 'repeat') return Buffer.concat([head, tail.subarray(0, bytes.length), tail]);
    return head;
  }

  test.each([
    ['of indefinite length', undefined],
    ['of definite length with a certificate', ['-md', 'sha256']],
  ])('%s: refused by an error of ours, or opened with the very content', (_, args) => {
    const original = Buffer.from(signer.sign(text, args === undefined ? {} : { args }), 'base64');
    let slowestMs = 0;
    const check = fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const message = damages.reduce(apply, original);
      const startedMs = performance.now();
      try {
        expect(verifyCms(readCms(message), [genuine]).toString()).toBe(text);
      } catch (error) {
        expect(error).toBeInstanceOf(MusterError);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    });
    fc.assert(check, { numRuns: 10_000 });
    // Usually 0.2 ms; the bound only has to tell it from a loop that runs away.
    expect(slowestMs).toBeLessThan(1000);
  });

  test('every single changed byte either shows or changes nothing that counts', () => {
    const original = Buffer.from(signer.sign(text), 'base64');
    let still = 0;
    for (let at = 0; at < original.length; at += 1) {
      const message = Buffer.from(original);
      message[at] = (message[at] ?? 0) ^ 0x01;
      try {
        expect(verifyCms(readCms(message), [genuine]).toString()).toBe(text);
        still += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(MusterError);
      }
    }
    // The unsigned fields: why a message's hash names nothing.
    expect(still).toBeGreaterThan(0);
  });
});

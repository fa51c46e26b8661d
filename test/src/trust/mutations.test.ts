import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../src/core/errors.ts';
import { makePuppetCsr, readCsr } from '../../../src/trust/csr.ts';
import { openHello, sealHello } from '../../../src/trust/hello.ts';
import { testPki } from '../../kit/pki.ts';
import { helloOf } from './kit.ts';

const pki = await testPki();
const controller = await pki.holder('ctl', 'controller');
const node = await pki.holder('web1', 'node');
const RUNS = 10_000;

/** One way to damage a message: change, insert, remove, repeat or cut bytes at a place between 0 and 1. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 40 }),
  kind: fc.constantFrom('change', 'insert', 'remove', 'repeat', 'cut', 'swap'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

function apply(
  message: Buffer,
  { at, length, kind, bytes }: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  const from = Math.floor(at * (message.length - 1));
  const [head, tail] = [message.subarray(0, from), message.subarray(from)];
  if (kind === 'change') return Buffer.concat([head, bytes, tail.subarray(bytes.length)]);
  if (kind === 'insert') return Buffer.concat([head, bytes, tail]);
  if (kind === 'remove') return Buffer.concat([head, tail.subarray(length)]);
  if (kind === 'repeat') return Buffer.concat([head, tail.subarray(0, length), tail]);
  if (kind === 'cut') return head;
  return Buffer.concat([tail, head]);
}

/** 10,000 damaged copies: each is refused with an error of ours, or equals the original. */
function allRefused(original: Buffer, open: (message: Buffer) => unknown): void {
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const message = damages.reduce(apply, original);
      if (message.equals(original)) return;
      expect(() => open(message)).toThrow(MusterError);
    }),
    { numRuns: RUNS },
  );
}

describe('ten thousand damaged copies are all refused, with an error of ours', () => {
  it('of a sealed message', () => {
    allRefused(node.sealer.seal({ text: 'x' }), (message) => pki.opener.open(message));
  });

  it('of a hello', () => {
    const hello = sealHello(helloOf(node), {
      busKeyPem: node.keyPem,
      controllerCertPem: controller.certificatePem,
    });
    allRefused(hello, (message) => openHello(message, { controllerKeyPem: controller.keyPem }));
  });

  it('of the DER of a signing request', () => {
    const pem = makePuppetCsr({
      certname: 'web1',
      keyPem: node.keyPem,
      extensions: { '1.3.6.1.4.1.34380.1.1.2': 'i-1' },
    });
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ''), 'base64');
    const open = (bytes: Buffer) =>
      readCsr(
        `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
      );
    expect(open(der).commonName).toBe('web1');
    allRefused(der, open);
  });
});

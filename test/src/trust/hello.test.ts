import { describe, expect, it } from 'vitest';
import type { HelloAnswer } from '../../../src/core/messages.ts';
import { openAnswer, openHello, sealAnswer, sealHello } from '../../../src/trust/hello.ts';
import { spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { testPki } from '../../kit/pki.ts';
import { helloOf } from './kit.ts';

const pki = await testPki();
const controller = await pki.holder('ctl', 'controller');
const rotated = await pki.holder('ctl2', 'controller');
const node = await pki.holder('web1', 'node');
const other = await pki.holder('web2', 'node');
const hello = helloOf(node);
const controllerCertPem = controller.certificatePem;
const sealed = sealHello(hello, { busKeyPem: node.keyPem, controllerCertPem });
const rejectedBy = (reason: string) =>
  expect.objectContaining({ code: 'SECURITY_REJECTED', message: expect.stringMatching(`^${reason}: `) });

describe('a hello', () => {
  it('is opened by the controller it was made for, and by no other', () => {
    expect(openHello(sealed, { controllerKeyPem: controller.keyPem })).toEqual({
      hello,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      thumb: spkiSha256OfKey(node.keyPem),
    });
    expect(() => openHello(sealed, { controllerKeyPem: rotated.keyPem })).toThrow(rejectedBy('KEY'));
  });

  it('is opened by the old and the new key while keys are changed', () => {
    const keys = [rotated.keyPem, controller.keyPem];
    expect(openHello(sealed, { controllerKeyPem: keys }).hello).toEqual(hello);
  });

  it('does not show its content on the way', () => {
    expect(sealed.toString()).not.toContain(Buffer.from(hello.token).toString('base64url').slice(4, 20));
    expect(sealed.length).toBeLessThan(8000);
  });

  it('is not made with another key than the one inside', () => {
    expect(() => sealHello(hello, { busKeyPem: other.keyPem, controllerCertPem })).toThrow(
      rejectedBy('FORMAT'),
    );
  });

  it('that is old, or from the future, is refused', () => {
    const at = (iat_ms: number) =>
      sealHello({ ...hello, iat_ms }, { busKeyPem: node.keyPem, controllerCertPem });
    const open = (bytes: Buffer) => () => openHello(bytes, { controllerKeyPem: controller.keyPem });
    expect(open(at(Date.now() - 400_000))).toThrow(rejectedBy('EXPIRED'));
    expect(open(at(Date.now() + 400_000))).toThrow(rejectedBy('EXPIRED'));
    const lenient = { controllerKeyPem: controller.keyPem, anyAge: true };
    expect(openHello(at(Date.now() - 400_000), lenient).hello.group).toBe('web');
    expect(open(at(Date.now() - 200_000))().hello.instance_id).toBe(hello.instance_id);
  });

  it('that is too large is refused before it is read', () => {
    expect(() => openHello(Buffer.alloc(40_000), { controllerKeyPem: controller.keyPem })).toThrow(
      rejectedBy('SIZE'),
    );
  });
});

describe('an answer to a hello', () => {
  const stamp = { v: 1, typ: 'hello_answer', iat_ms: Date.now(), ttl_s: 60, nonce: hello.nonce } as const;
  const answer: HelloAnswer = { ...stamp, accepted: false, reason: 'TOKEN_WRONG', retry_in_s: 60 };
  const own = { busKeyPem: node.keyPem, opener: pki.opener, nonce: hello.nonce };

  it('is opened by the node that said hello, and by no other', () => {
    const bytes = sealAnswer(answer, { sealer: controller.sealer, busPublicKeyPem: node.publicKeyPem });
    expect(openAnswer(bytes, own)).toEqual(answer);
    expect(() => openAnswer(bytes, { ...own, busKeyPem: other.keyPem })).toThrow(rejectedBy('KEY'));
  });

  it('of an operator or another node is refused', async () => {
    for (const sealer of [other.sealer, (await pki.holder('alice', 'operator')).sealer]) {
      const bytes = sealAnswer(answer, { sealer, busPublicKeyPem: node.publicKeyPem });
      expect(() => openAnswer(bytes, own)).toThrow(rejectedBy('ROLE'));
    }
  });

  it('to another hello, or an old one, is refused', () => {
    const seal = (changes: Partial<HelloAnswer>) =>
      sealAnswer({ ...answer, ...changes } as HelloAnswer, {
        sealer: controller.sealer,
        busPublicKeyPem: node.publicKeyPem,
      });
    expect(() => openAnswer(seal({ nonce: 'other' }), own)).toThrow(rejectedBy('NONCE'));
    expect(() => openAnswer(seal({ iat_ms: Date.now() - 400_000 }), own)).toThrow(rejectedBy('EXPIRED'));
  });

  it('that tells the time counts whatever the clock of the node says, but only for its own hello', () => {
    const clock = { nowMs: () => Date.now() - 12 * 3_600_000, monotonicMs: () => 0 };
    const longLived = { open: (message: Uint8Array) => pki.opener.open(message) };
    const seal = (changes: object) =>
      sealAnswer({ ...answer, reason: 'CLOCK', ...changes } as HelloAnswer, {
        sealer: controller.sealer,
        busPublicKeyPem: node.publicKeyPem,
      });
    const skewed = { ...own, opener: longLived, clock };
    expect(openAnswer(seal({}), skewed)).toMatchObject({ reason: 'CLOCK', iat_ms: answer.iat_ms });
    expect(() => openAnswer(seal({ nonce: 'other' }), skewed)).toThrow(rejectedBy('NONCE'));
    expect(() => openAnswer(seal({ reason: 'REFUSED' }), skewed)).toThrow(rejectedBy('EXPIRED'));
  });
});

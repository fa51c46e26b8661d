import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { jwsHeader, signJws } from '../../../src/trust/jws.ts';
import { readCertificate, rsaPrivateKey } from '../../../src/trust/keys.ts';
import { createOpener, createSealer } from '../../../src/trust/seal.ts';
import { makePki, testPki } from '../../kit/pki.ts';

const pki = await testPki();
const controller = await pki.holder('ctl', 'controller');
const node = await pki.holder('web1.example.org', 'node');
const rejectedBy = (reason: string) =>
  expect.objectContaining({ code: 'SECURITY_REJECTED', message: expect.stringMatching(`^${reason}: `) });

function refusal(message: Uint8Array, opener = pki.opener): unknown {
  try {
    return opener.open(message);
  } catch (error) {
    return error;
  }
}

describe('a sealed message', () => {
  it('says who sealed it, by name and role of the certificate', () => {
    const sealed = node.sealer.seal({ sender: 'somebody else', n: 1 });
    expect(pki.opener.open(sealed)).toMatchObject({
      payload: { sender: 'somebody else', n: 1 },
      sender: { name: 'web1.example.org', role: 'node' },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is refused when a stranger sealed it, although with the same name and role', async () => {
    const strangers = await makePki();
    const stranger = await strangers.holder('ctl', 'controller');
    expect(refusal(stranger.sealer.seal({}))).toEqual(rejectedBy('ISSUER'));
  });

  it('is refused when the certificate of another was put in', () => {
    const header = jwsHeader(readCertificate(controller.certificatePem).raw);
    const message = signJws(header, '{}', rsaPrivateKey(node.keyPem));
    expect(refusal(Buffer.from(message))).toEqual(rejectedBy('SIGNATURE'));
  });

  it('is refused when it carries no certificate, the CA itself, or rubbish', () => {
    const key = rsaPrivateKey(node.keyPem);
    expect(refusal(Buffer.from(signJws(jwsHeader(), '{}', key)))).toEqual(rejectedBy('CERTIFICATE'));
    const ca = jwsHeader(readCertificate(pki.ca.certificatePem).raw);
    expect(refusal(Buffer.from(signJws(ca, '{}', key)))).toEqual(rejectedBy('CERTIFICATE'));
    expect(refusal(Buffer.from(signJws(jwsHeader(Buffer.from('rubbish')), '{}', key)))).toEqual(
      rejectedBy('CERTIFICATE'),
    );
    const trailed = Buffer.concat([readCertificate(node.certificatePem).raw, Buffer.from('x')]);
    expect(refusal(Buffer.from(signJws(jwsHeader(trailed), '{}', key)))).toEqual(rejectedBy('CERTIFICATE'));
  });

  it('is refused before and after the dates of the certificate, also when it was fine before', () => {
    let nowMs = Date.now();
    const opener = createOpener({
      caPem: pki.ca.certificatePem,
      clock: { ...systemClock, nowMs: () => nowMs },
    });
    const sealed = node.sealer.seal({});
    expect(refusal(sealed, opener)).toMatchObject({ sender: { name: node.name } });
    nowMs += 3 * 86_400_000;
    expect(refusal(sealed, opener)).toEqual(rejectedBy('VALIDITY'));
    nowMs -= 4 * 86_400_000;
    expect(refusal(sealed, opener)).toEqual(rejectedBy('VALIDITY'));
  });

  it('is refused from the moment on when its certificate is revoked', () => {
    const revoked = new Set<string>();
    const opener = createOpener({
      caPem: pki.ca.certificatePem,
      clock: systemClock,
      revoked: (serial) => revoked.has(serial),
    });
    const sealed = node.sealer.seal({});
    expect(refusal(sealed, opener)).toMatchObject({ sender: { role: 'node' } });
    revoked.add(readCertificate(node.certificatePem).serialNumber.toLowerCase());
    expect(refusal(sealed, opener)).toEqual(rejectedBy('REVOKED'));
  });

  it('is refused when its payload is not an object', () => {
    const header = jwsHeader(readCertificate(node.certificatePem).raw);
    for (const payload of ['[]', '1', 'null', '{', '"x"'])
      expect(refusal(Buffer.from(signJws(header, payload, rsaPrivateKey(node.keyPem))))).toEqual(
        rejectedBy('FORMAT'),
      );
  });

  it('is opened in less than half a millisecond once the certificate is known', () => {
    const sealed = node.sealer.seal({ text: 'x'.repeat(500) });
    const startedMs = performance.now();
    for (let i = 0; i < 400; i++) pki.opener.open(sealed);
    expect((performance.now() - startedMs) / 400).toBeLessThan(0.5);
  });
});

describe('a sealer', () => {
  it('is not made when name, key and certificate do not belong together', async () => {
    const { keyPem } = await newKeyPair();
    const { certificatePem } = controller;
    expect(() => createSealer({ name: 'ctl', certificatePem, keyPem })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect(() => createSealer({ name: 'other', certificatePem, keyPem: controller.keyPem })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('an opener', () => {
  it('trusts no certificate that is not a CA', () => {
    expect(() => createOpener({ caPem: controller.certificatePem, clock: systemClock })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

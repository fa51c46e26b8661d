import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../../src/core/create-log.ts';
import { redact, redactText } from '../../../src/core/redact.ts';
import { newKeyPair } from '../../../src/trust/ca.ts';
import { linesOf } from '../../kit/lines.ts';

const { keyPem } = await newKeyPair();
const keyBody = keyPem.split('\n')[1] ?? '';
const document = JSON.stringify(
  {
    accountId: '123456789012',
    instanceId: 'i-0abc',
    privateIp: '10.0.0.1',
    pendingTime: '2030-01-01T00:00:00Z',
  },
  null,
  2,
);
const jws = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;

describe('a text', () => {
  test.each([
    ['a private key', keyPem, keyBody],
    ['a private key whose end was cut off', keyPem.slice(0, 400), keyBody],
    ['an identity document', document, '123456789012'],
    ['an identity document within JSON', JSON.stringify({ x: document }), '123456789012'],
    ['a signed token', jws, 'aaaaaaaa'],
    ['a CMS message', `-----BEGIN PKCS7-----\n${'QUJD'.repeat(9)}\n-----END PKCS7-----`, 'QUJDQUJD'],
    ['AWS credentials', 'aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCY', 'wJalr'],
  ])('loses %s wherever it stands, and keeps the rest', (_, secret, part) => {
    const shown = redactText(`before ${secret} after`);
    expect(shown).not.toContain(part);
    expect(shown).toMatch(/^before .*\[[\w ]+, sha256 [0-9a-f]{16}\]/s);
  });

  test.each([
    'a certificate -----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----',
    '{"instanceId":"i-1"}',
    'eyJ',
  ])('keeps what is no secret: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test.each([
    'eyJ-'.repeat(100_000),
    '{"instanceId"'.repeat(50_000),
    '-----BEGIN PRIVATE KEY-----'.repeat(20_000),
    `{${'"instanceId"'.repeat(40_000)}`,
  ])('made to take long takes no time', (text) => {
    const startedMs = performance.now();
    redactText(text);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('any value', () => {
  test('loses fields with the name of a secret, and what lies deep', () => {
    const value = {
      token: 't1t1t1',
      joinToken: 't2t2t2',
      ec2_password: 'p3p3p3',
      a: [{ b: { keyPem, text: document } }],
      n: 1,
    };
    const shown = JSON.stringify(redact(value));
    for (const part of ['t1t1', 't2t2', 'p3p3', keyBody, '123456789012']) expect(shown).not.toContain(part);
    expect(redact({ n: 1, ok: true, nothing: null, keys: ['a'] })).toEqual({
      n: 1,
      ok: true,
      nothing: null,
      keys: ['a'],
    });
  });

  test('of any shape is taken, cycles too, and no secret in it is left', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(JSON.stringify(redact(cycle))).toContain('nested too deep');
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        expect(JSON.stringify(redact({ value, deep: [{ value, keyBody: keyPem }] })) ?? '').not.toContain(
          keyBody,
        );
      }),
      { numRuns: 10_000 },
    );
  });
});

test('a log line holds no secret, neither in fields nor in errors nor of a child', () => {
  const { stream, text } = linesOf();
  const log = createLog({ level: 'debug', name: 'x', stream });
  log.info({ hello: { token: 'ssssss', identity_document: document, csr: 'CSR' } }, 'said');
  log.warn({ err: new Error(`cannot parse ${document}`), at: 7 }, 'failed');
  log.child({ token: 'ssssss' }).error({ output: `${keyPem}` }, 'bad');
  for (const part of ['ssssss', '123456789012', keyBody]) expect(text()).not.toContain(part);
  expect(text()).toContain('"csr":"CSR"');
  expect(text()).toContain('"message":"cannot parse [identity document, sha256 ');
});

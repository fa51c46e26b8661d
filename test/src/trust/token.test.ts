import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import token from '../../../src/trust/attestors/token.ts';
import { testPki } from '../../kit/pki.ts';
import { helloOf } from './kit.ts';

const node = await (await testPki()).holder('web1', 'node');
const context = { nowMs: Date.now(), signal: new AbortController().signal };
const right = 'a join token of the group';
const document = {
  instanceId: 'i-0123456789abcdef0',
  pendingTime: '2024-05-01T10:00:00Z',
  region: 'us-east-1',
  accountId: '1',
};

describe('the token attestor', () => {
  it('believes the token, given as it is or as its SHA-256', async () => {
    const token_sha256 = createHash('sha256').update(right).digest('hex');
    for (const options of [{ token: right }, { token_sha256 }]) {
      expect(await token.attest(helloOf(node), options, context)).toMatchObject({
        ok: true,
        attestation: {
          instanceId: 'i-0123456789abcdef0',
          claim: 'token',
          region: 'eu-central-1',
          evidence: 'join token',
        },
      });
    }
  });

  it('refuses another token with a reason code', async () => {
    for (const wrong of ['', 'x', `${right} `]) {
      const result = await token.attest(helloOf(node, { token: wrong }), { token: right }, context);
      expect(result).toMatchObject({ ok: false, reason: 'TOKEN_WRONG' });
    }
  });

  it('takes power-on and region from an identity document', async () => {
    const hello = helloOf(node, { identity_document: JSON.stringify(document) });
    expect(await token.attest(hello, { token: right }, context)).toMatchObject({
      attestation: { claim: '2024-05-01T10:00:00Z', region: 'us-east-1' },
    });
  });

  it('refuses the document of another instance', async () => {
    const hello = helloOf(node, {
      identity_document: JSON.stringify({ ...document, instanceId: 'i-other' }),
    });
    expect(await token.attest(hello, { token: right }, context)).toMatchObject({
      ok: false,
      reason: 'DOCUMENT_MISMATCH',
    });
  });

  it('does without a document that cannot be read', async () => {
    for (const identity_document of ['', '{', '[]', '{"instanceId":1}'])
      expect(
        await token.attest(helloOf(node, { identity_document }), { token: right }, context),
      ).toMatchObject({
        attestation: { claim: 'token' },
      });
  });

  it('wants exactly one of its two options', () => {
    for (const options of [
      {},
      { token: right, token_sha256: 'f'.repeat(64) },
      { token: 'short' },
      { token: right, more: 1 },
    ])
      expect(token.options.safeParse(options).success).toBe(false);
  });
});

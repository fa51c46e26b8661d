import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/bus/gate.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Filter, HelloAnswer, NodeEvent, Reply, Request } from '../../../src/core/messages.ts';
import { jwsHeader, signJws } from '../../../src/trust/jws.ts';
import { rsaPrivateKey } from '../../../src/trust/keys.ts';
import { memoryReplayCache } from '../../../src/trust/replay.ts';
import { testPki } from '../../kit/pki.ts';
import { edited } from './rpc-kit.ts';

const pki = await testPki();
const [caller, node] = await Promise.all([pki.holder('ctl', 'controller'), pki.holder('web1', 'node')]);
const nowMs = Date.now();
const request: Request = {
  ...{ v: 1, typ: 'request', id: '0'.repeat(32), iat_ms: nowMs, ttl_s: 60, aud: 'node:web1' },
  ...{ collective: 'provisioning', agent: 'probe', action: 'echo', data: { text: 'hi' } },
  ...{ filter: Filter.parse({ identity: ['web1'] }), session: '0123456789abcdef' },
};

/** Why the node refuses these bytes; 'taken' when it does not. */
function refusal(body: Buffer): string {
  const arrived = { collective: 'provisioning', aud: 'node:web1' };
  const replay = memoryReplayCache({ clock: systemClock });
  const by = { opener: pki.opener, sealer: node.sealer, replay, clock: systemClock };
  const admission = admit(body, arrived, by);
  return admission.ok ? 'taken' : (/^[A-Z]+/.exec(admission.reason)?.[0] ?? admission.reason);
}

/** Another value for every field of a message: those of a schema, so that no new field is forgotten. */
const OTHERS: Readonly<Record<string, unknown>> = {
  answer: 'never',
  ...{ v: 2, typ: 'other', iat_ms: nowMs + 1, ttl_s: 59, id: 'f'.repeat(32), aud: 'all' },
  ...{ collective: 'mcollective', agent: 'provision', action: 'refuse', data: { text: 'other' } },
  ...{ filter: Filter.parse({}), session: 'f'.repeat(16) },
  ...{ re: 'f'.repeat(32), re_sha256: 'f'.repeat(64), status: 1, message: 'other', code: 'CONFLICT' },
  ...{ event: { kind: 'puppet_run_ended', run: 'other', exitcode: 0 } },
  ...{ accepted: false, nonce: 'other', run: 'other', identity: 'web2', certificate: 'other' },
  ...{ reason: 'other', retry_in_s: 2 },
};

describe('every field that steers is signed: changed on the way, it is refused', () => {
  it('but as it was signed, it is taken', () => {
    expect(refusal(caller.sealer.seal(request))).toBe('taken');
  });

  it.each(Object.keys(Request.shape))('%s of a request', (field) => {
    expect(OTHERS).toHaveProperty(field);
    expect(refusal(edited(caller.sealer.seal(request), { [field]: OTHERS[field] }))).toBe('SIGNATURE');
  });

  const answers = HelloAnswer.options.flatMap((option) => Object.keys(option.shape));
  const fields = [...Object.keys(Reply.shape), ...Object.keys(NodeEvent.shape), ...answers];
  it.each([...new Set(fields)])('%s of a reply, an event or an answer', (field) => {
    expect(OTHERS).toHaveProperty(field);
    const message = edited(node.sealer.seal({ genuine: true }), { [field]: OTHERS[field] });
    expect(() => pki.opener.open(message)).toThrow(
      expect.objectContaining({
        code: 'SECURITY_REJECTED',
        message: expect.stringMatching(/^SIGNATURE: /),
      }),
    );
  });
});

describe('what a caller itself signed for elsewhere or another time is refused', () => {
  it.each([
    ['another node', { aud: 'node:web2' }, 'AUDIENCE'],
    ['all', { aud: 'all' }, 'AUDIENCE'],
    ['another collective', { collective: 'mcollective' }, 'AUDIENCE'],
    ['an earlier time', { iat_ms: nowMs - 91_000 }, 'EXPIRED'],
    ['a later time', { iat_ms: nowMs + 40_000 }, 'EXPIRED'],
    ['ever', { ttl_s: 1e9 }, 'FORMAT'],
    ['another version', { v: 2 }, 'FORMAT'],
    ['another kind', { typ: 'reply' }, 'FORMAT'],
    ['a session that is a pattern', { session: '#' }, 'FORMAT'],
    ['more than the schema knows', { sudo: true }, 'FORMAT'],
  ])('%s', (_, changes, reason) => {
    expect(refusal(caller.sealer.seal({ ...request, ...changes }))).toBe(reason);
  });

  it('again', () => {
    const body = caller.sealer.seal(request);
    const own = { opener: pki.opener, sealer: node.sealer, clock: systemClock };
    const by = { ...own, replay: memoryReplayCache({ clock: systemClock }) };
    const once = () => admit(body, { collective: 'provisioning', aud: 'node:web1' }, by);
    expect([once().ok, once()]).toMatchObject([true, { ok: false, reason: 'REPLAYED' }]);
  });

  it('again, although it was encrypted anew', () => {
    const body = caller.sealer.seal(request);
    const { encrypt } = pki.opener.open(node.sealer.seal({}));
    const own = { opener: pki.opener, sealer: node.sealer, clock: systemClock };
    const by = { ...own, replay: memoryReplayCache({ clock: systemClock }) };
    const once = (bytes: Buffer) => admit(bytes, { collective: 'provisioning', aud: 'node:web1' }, by);
    expect(once(encrypt(body)).ok).toBe(true);
    for (const again of [encrypt(body), body])
      expect(once(again)).toMatchObject({ ok: false, reason: 'REPLAYED' });
  });
});

describe('a message that would hurt its reader is refused', () => {
  const { encrypt } = pki.opener.open(node.sealer.seal({}));
  const sealed = encrypt(caller.sealer.seal(request)).toString();
  const relabelled = (header: Record<string, unknown>) => {
    const own = JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...own, ...header })).toString('base64url');
    return Buffer.from(sealed.replace(/^[^.]+/, changed));
  };

  it('but encrypted as it should be, it is taken', () => {
    expect(refusal(Buffer.from(sealed))).toBe('taken');
  });

  it.each([
    [{ alg: 'RSA1_5' }, 'ALGORITHM'],
    [{ alg: 'dir' }, 'ALGORITHM'],
    [{ enc: 'A128CBC-HS256' }, 'ALGORITHM'],
    [{ kid: 'f'.repeat(64) }, 'KEY'],
    [{ kid: '../key' }, 'FORMAT'],
    [{ kid: undefined }, 'FORMAT'],
    [{ jku: 'https://example.org' }, 'FORMAT'],
    [{ x5u: 'https://example.org' }, 'FORMAT'],
    [{ jwk: {} }, 'FORMAT'],
    [{ crit: ['exp'] }, 'FORMAT'],
    [{ zip: 'DEF' }, 'FORMAT'],
    [{ p2c: 1e9 }, 'FORMAT'],
  ])('with the header %j', (header, reason) => {
    expect(refusal(relabelled(header))).toBe(reason);
  });

  it('when it is too large, in clear or encrypted', () => {
    expect(refusal(Buffer.alloc(512 * 1024 + 1, 'x'))).toBe('SIZE');
    expect(refusal(Buffer.from(`${sealed}${'A'.repeat(512 * 1024)}`))).toBe('SIZE');
  });

  it('when it is a hundred thousand levels deep, quickly, also when its caller signed that', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const payload = JSON.stringify({ ...request, extra: 0 }).replace('"extra":0', `"extra":${deep}`);
    const signed = signJws(
      jwsHeader(new X509Certificate(caller.certificatePem).raw),
      payload,
      rsaPrivateKey(caller.keyPem),
    );
    const startedMs = performance.now();
    expect(refusal(Buffer.from(signed))).toBe('FORMAT');
    expect(refusal(Buffer.from(`${signed.slice(0, -4)}AAAA`))).toBe('SIGNATURE');
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});

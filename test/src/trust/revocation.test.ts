import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/controller/revoked-store.ts';
import { createCa, loadCa, newKeyPair } from '../../../src/trust/ca.ts';
import { openCaBook, type Revocation } from '../../../src/trust/ca-book.ts';
import { verifyIssued } from '../../../src/trust/certificate.ts';
import { readCertificate, spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { listDigest, openList, RevocationList } from '../../../src/trust/revocation.ts';
import { createOpener, createSealer } from '../../../src/trust/seal.ts';
import { tempDir } from '../../agent/temp.ts';
import { makePki } from '../../kit/pki.ts';

const pair = await newKeyPair();
const revocation = (name: string, parts: Partial<Revocation> = {}): Revocation => ({
  ...{ at_ms: 1000, name, role: 'operator', before_ms: 1000, until_ms: 9000, barred: true, reason: 'lost' },
  ...parts,
});

describe('the book of a CA', () => {
  it('holds what was issued, with name, role, serial, dates and key, for itself alone to read', async () => {
    const dir = await tempDir();
    const ca = await createCa(dir, { name: 'ca' });
    const pem = ca.issue({ name: 'web1', role: 'node', publicKeyPem: pair.publicKeyPem, days: 1 });
    const certificate = readCertificate(pem);
    expect(openCaBook(dir).issued()).toMatchObject([
      {
        ...{ name: 'web1', role: 'node', serial: certificate.serialNumber.toLowerCase() },
        ...{ not_after_ms: certificate.validToDate.getTime(), key: spkiSha256OfKey(pair.publicKeyPem) },
      },
    ]);
    expect(statSync(join(dir, 'issued.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('is one for several that issue at once, and is read on where another process wrote', async () => {
    const dir = await tempDir();
    await createCa(dir, { name: 'ca' });
    const cas = await Promise.all([loadCa(dir), loadCa(dir), loadCa(dir)]);
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    for (const [index, name] of names.entries())
      cas[index % 3]?.issue({ name, role: 'node', publicKeyPem: pair.publicKeyPem, days: 1 });
    expect(
      openCaBook(dir)
        .issued()
        .map(({ name }) => name),
    ).toEqual(names);
    cas[0]?.book.revoke(revocation('n1'));
    expect(cas[1]?.book.revocations().bars('n1')).toBe(true);
  });

  it('leaves a torn line out, and issues nothing that it cannot note', async () => {
    const dir = await tempDir();
    const ca = await createCa(dir, { name: 'ca' });
    ca.issue({ name: 'a', role: 'node', publicKeyPem: pair.publicKeyPem, days: 1 });
    appendFileSync(join(dir, 'issued.jsonl'), '{"at_ms":1,"na');
    expect(openCaBook(dir).issued()).toHaveLength(1);
    expect(readFileSync(join(dir, 'issued.jsonl'), 'utf8').split('\n')).toHaveLength(2);
    const nowhere = await createCa(await tempDir(), { name: 'ca', book: openCaBook(join(dir, 'none')) });
    expect(() =>
      nowhere.issue({ name: 'a', role: 'node', publicKeyPem: pair.publicKeyPem, days: 1 }),
    ).toThrow(expect.objectContaining({ code: 'NODE_IO' }));
  });
});

describe('a revocation', () => {
  it('is of every certificate of the name that was issued until then, known or not, and of none that comes after', async () => {
    const dir = await tempDir();
    const ca = await createCa(dir, { name: 'ca' });
    const issue = () => ca.issue({ name: 'web1', role: 'node', publicKeyPem: pair.publicKeyPem, days: 1 });
    const before = issue();
    const list = ca.book.revocations();
    const clock = { nowMs: () => Date.now() + 2000, monotonicMs: () => 0 };
    const opener = createOpener({
      caPem: ca.certificatePem,
      clock,
      revoked: (_serial, of) => list.revokes(of),
    });
    const sealed = (certificatePem: string) =>
      createSealer({ name: 'web1', certificatePem, keyPem: pair.keyPem }).seal({});
    expect(opener.open(sealed(before)).sender.name).toBe('web1');
    ca.book.revoke(decide(ca.book, { name: 'web1', reason: 'why', verb: 'revoke' }, Date.now()));
    ca.book.revocations();
    expect(() => opener.open(sealed(before))).toThrow(/^REVOKED/);
    const after = issue();
    expect(opener.open(sealed(after)).sender.name).toBe('web1');
    expect(list.revokes(verifyIssued(after, readCertificate(ca.certificatePem)))).toBe(false);
  });

  it('is the same in whatever order decisions come, and is never taken back by an older one', () => {
    const decisions = [
      revocation('a', { at_ms: 1, before_ms: 1 }),
      revocation('a', { at_ms: 3, before_ms: 1, barred: false, reason: 'mended' }),
      revocation('a', { at_ms: 2, before_ms: 2 }),
    ];
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0, 1],
    ];
    const lists = orders.map((order) => {
      const list = new RevocationList();
      for (const index of order) list.add(decisions[index] ?? revocation('x'));
      return list.entries();
    });
    for (const entries of lists) expect(entries).toEqual(lists[0]);
    expect(lists[0]).toMatchObject([{ before_ms: 2, barred: false, reason: 'mended' }]);
  });

  it('is asked for with a reason; only what was revoked is reinstated', async () => {
    const book = openCaBook(await tempDir());
    expect(() => decide(book, { name: 'a', reason: ' ', verb: 'revoke' }, 1)).toThrow(/--reason/);
    expect(() => decide(book, { name: 'a b', reason: 'x', verb: 'revoke' }, 1)).toThrow(/no name/);
    expect(() => decide(book, { name: 'a', reason: 'x', verb: 'reinstate' }, 1)).toThrow(/not revoked/);
  });
});

describe('a signed list', () => {
  it('tells nodes of callers alone, while their certificates may count', () => {
    const list = new RevocationList();
    for (const entry of [
      revocation('alice'),
      revocation('web1', { role: 'node' }),
      revocation('bob', { until_ms: 10 }),
      revocation('eve', { role: null }),
    ])
      list.add(entry);
    expect(list.forNodes(5000).map(({ name }) => name)).toEqual(['alice', 'eve']);
    expect(listDigest(list.forNodes(5000))).not.toBe(listDigest(list.forNodes(9_999)));
  });

  it('is that of the CA, whole, or refused', async () => {
    const [pki, strangers] = await Promise.all([makePki(), makePki()]);
    const signed = pki.ca.signList([{ name: 'alice', before_ms: 5 }]);
    expect(openList(signed, pki.ca.certificatePem).revoked).toEqual([{ name: 'alice', before_ms: 5 }]);
    expect(() => openList(signed, strangers.ca.certificatePem)).toThrow(/^SIGNATURE/);
    const [header, payload, signature] = signed.split('.');
    const forged = Buffer.from(String(Buffer.from(payload ?? '', 'base64url')).replace('alice', 'bobby'));
    const changed = [header, forged.toString('base64url'), signature].join('.');
    expect(() => openList(changed, pki.ca.certificatePem)).toThrow(/^SIGNATURE/);
    const operator = await pki.holder('alice', 'operator');
    const own = operator.sealer.seal({ v: 1, typ: 'revocations', iat_ms: 1, revoked: [] });
    expect(() => openList(own.toString(), pki.ca.certificatePem)).toThrow(/^FORMAT/);
  });
});

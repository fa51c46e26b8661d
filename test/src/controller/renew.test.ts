import { expect, test } from 'vitest';
import type { Rpc } from '../../../src/controller/deps.ts';
import { createRenew } from '../../../src/controller/renew.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Role } from '../../../src/core/names.ts';
import { verifyIssued } from '../../../src/trust/certificate.ts';
import { lifeDays } from '../../../src/trust/expiry.ts';
import { readCertificate, spkiSha256OfKey } from '../../../src/trust/keys.ts';
import { makePki, memoryBook } from '../../kit/pki.ts';

const DAY_MS = 86_400_000;

/** A controller `later` days after everything was issued; what it gives to daemons, and what it notes. */
async function scene(later: number) {
  const { ca, holder } = await makePki();
  const { publicKeyPem } = await holder('any', 'operator');
  const given: { identity: string; certificate: string }[] = [];
  const noted: string[] = [];
  const rpc = {
    node: (_collective: string, identity: string) => ({
      call: async (_ddl: unknown, _action: string, { certificate }: { certificate: string }) =>
        void given.push({ identity, certificate }),
    }),
  } as unknown as Rpc;
  const deps = {
    ...{ ca, days: 7, rpc, collectives: ['mcollective'], log: silentLog },
    registry: { get: async () => null },
    lifetimes: { note: async (name: string) => void noted.push(name) },
    operations: { note: async () => undefined },
    clock: { nowMs: () => Date.now() + later * DAY_MS, monotonicMs: () => 0 },
  };
  const issue = (name: string, role: Role, days: number) => ca.issue({ name, role, publicKeyPem, days });
  return { ca, deps, issue, given, noted };
}

test.each([
  ['of a node in the first half of its life', 'node', 'web1', 30],
  ["of another's name", 'node', 'web2', 7],
  ['of an operator', 'operator', 'web1', 7],
  ['of a controller', 'controller', 'web1', 7],
] as const)('a certificate %s is not renewed', async (_what, role, name, days) => {
  const { deps, issue, given } = await scene(5);
  const certificate = issue(name, role, days);
  await createRenew(deps)(certificate, { name: 'web1', role });
  expect(given).toEqual([]);
});

test('a node cannot have the certificate of the master of its name renewed, nor a master one of a node', async () => {
  const { deps, issue, given } = await scene(5);
  await createRenew(deps)(issue('web1', 'master', 7), { name: 'web1', role: 'node' });
  await createRenew(deps)(issue('web1', 'node', 7), { name: 'web1', role: 'master' });
  expect(given).toEqual([]);
});

test('a revoked one is not renewed', async () => {
  const { ca, deps, issue, given } = await scene(5);
  const certificate = issue('web1', 'node', 7);
  const entry = { at_ms: 1, name: 'web1', role: null, until_ms: 0, reason: 'r' };
  ca.book.revoke({ ...entry, barred: false, before_ms: Date.now() });
  await createRenew(deps)(certificate, { name: 'web1', role: 'node' });
  expect(given).toEqual([]);
});

test("a node's is renewed for the days of the config, and its end is noted", async () => {
  const { ca, deps, issue, given, noted } = await scene(20);
  const certificate = issue('web1', 'node', 30);
  await createRenew(deps)(certificate, { name: 'web1', role: 'node' });
  expect(given).toMatchObject([{ identity: 'web1' }]);
  const entry = ca.book.issued().at(-1);
  expect(entry === undefined ? 0 : lifeDays(entry)).toBeCloseTo(7, 3);
  expect(noted).toEqual(['web1']);
});

test("a master's is renewed where it stands in the book, for its own key and as many days, and nowhere else", async () => {
  const { ca, deps, issue, given, noted } = await scene(300);
  const certificate = issue('puppet-1', 'master', 365);
  const sender = { name: 'puppet-1', role: 'master' } as const;
  await createRenew({ ...deps, ca: { ...ca, book: memoryBook() } })(certificate, sender);
  expect(given).toEqual([]);
  await createRenew(deps)(certificate, sender);
  const renewed = verifyIssued(given[0]?.certificate ?? '', readCertificate(ca.certificatePem));
  expect(renewed.sender).toEqual(sender);
  expect(spkiSha256OfKey(renewed.publicKey)).toBe(spkiSha256OfKey(readCertificate(certificate).publicKey));
  const entry = ca.book.issued().at(-1);
  expect(entry === undefined ? 0 : lifeDays(entry)).toBeCloseTo(365, 3);
  // Its broker user is not tidied away: a person made it.
  expect(noted).toEqual([]);
});

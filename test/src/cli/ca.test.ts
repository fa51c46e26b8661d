import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caRecords } from '../../../src/cli/lib/ca-records.ts';
import { renewByHand } from '../../../src/cli/lib/ca-renew.ts';
import { revokeNow, revokeOffline } from '../../../src/cli/lib/ca-revoke.ts';
import { expiryWarning } from '../../../src/cli/lib/expiry-warning.ts';
import { buildProgram } from '../../../src/cli/main.ts';
import { createCa } from '../../../src/trust/ca.ts';
import { tempDir } from '../../agent/temp.ts';
import { testConfig } from '../../kit/run-fakes.ts';

async function aCa() {
  const dir = await tempDir();
  const ca = await createCa(dir, { name: 'ca' });
  await ca.issueToFiles({ name: 'alice', role: 'operator', days: 1, dir });
  await ca.issueToFiles({ name: 'bob', role: 'operator', days: 2, dir });
  return { dir, ca };
}
const stateOf = async (dir: string, nowMs = Date.now()) =>
  Object.fromEntries(
    (await caRecords(dir, nowMs)).certificates.map(({ name, state }) => [name, state] as const),
  );

test('a certificate is listed as valid, then as revoked, or as expired', async () => {
  const { dir } = await aCa();
  expect(await stateOf(dir)).toEqual({ alice: 'valid', bob: 'valid' });
  const { decision, cut } = await revokeOffline(dir, { name: 'alice', verb: 'revoke', reason: 'lost' });
  expect({ cut, role: decision.role, barred: decision.barred }).toEqual({
    cut: false,
    role: 'operator',
    barred: true,
  });
  expect(await stateOf(dir)).toEqual({ alice: 'revoked', bob: 'valid' });
  expect(await stateOf(dir, Date.now() + 3 * 86_400_000)).toEqual({ alice: 'revoked', bob: 'expired' });
});

test('a folder that is none of a CA is said to be none', async () => {
  await expect(caRecords(await tempDir(), 0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a revocation is noted even when Redis is away, and the error says where', async () => {
  const { dir } = await aCa();
  const config = testConfig({
    redis: { url: 'redis://127.0.0.1:1' },
    trust: { dir, certificate: '/nonexistent', key: '/nonexistent' },
  });
  const revoking = revokeNow(config, { name: 'alice', verb: 'revoke', reason: 'lost' });
  await expect(revoking).rejects.toMatchObject({
    code: 'REDIS_UNREACHABLE',
    message: expect.stringContaining(`${dir}/revoked.jsonl`),
  });
  expect(await stateOf(dir)).toEqual({ alice: 'revoked', bob: 'valid' });
});

test('a certificate is renewed by hand: same key, role and names, as many days; a revoked one is not', async () => {
  const { dir, ca } = await aCa();
  const sans = ['broker.example.org', '127.0.0.1'];
  await ca.issueToFiles({ name: 'broker', role: 'server', days: 10, sans, dir });
  const path = join(dir, 'broker.pem');
  const read = async () => new X509Certificate(await readFile(path));
  const [before, key] = [await read(), await readFile(join(dir, 'broker.key'))];
  await renewByHand({ dir, name: 'broker', path });
  const after = await read();
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(after.publicKey.equals(before.publicKey)).toBe(true);
  expect([after.subject, after.subjectAltName]).toEqual([before.subject, before.subjectAltName]);
  expect(Math.abs(after.validToDate.getTime() - before.validToDate.getTime())).toBeLessThan(60_000);
  expect(await readFile(join(dir, 'broker.key'))).toEqual(key);
  const { notAfterMs } = await renewByHand({ dir, name: 'broker', path, days: 30 });
  expect(notAfterMs - Date.now()).toBeGreaterThan(29 * 86_400_000);

  await expect(renewByHand({ dir, name: 'alice', path })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(renewByHand({ dir, name: 'x', path: join(dir, 'x.pem') })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await revokeOffline(dir, { name: 'broker', verb: 'revoke', reason: 'lost' });
  await expect(renewByHand({ dir, name: 'broker', path })).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('whoever uses a certificate that ends soon is told, and the list shows it until it is renewed', async () => {
  const { dir, ca } = await aCa();
  await ca.issueToFiles({ name: 'carol', role: 'operator', days: 100, dir });
  const path = join(dir, 'carol.pem');
  const { trust } = testConfig({ trust: { dir, certificate: path, key: '/nonexistent' } });
  const laterMs = Date.now() + 80.5 * 86_400_000;
  const soon = async () =>
    (await caRecords(dir, laterMs)).certificates.filter((one) => one.ends_soon).map(({ name }) => name);
  expect(await expiryWarning({ trust }, Date.now())).toBeNull();
  expect(await expiryWarning({ trust }, laterMs)).toMatch(
    /^muster: your certificate .*carol\.pem ends on [-\d]+, in 19 days; on the host of the CA: muster ca renew carol$/,
  );
  expect(await expiryWarning({ trust: { ...trust, certificate: '/nonexistent' } }, laterMs)).toBeNull();
  expect(await soon()).toEqual(['carol']);
  await renewByHand({ dir, name: 'carol', path, days: 200 });
  expect(await soon()).toEqual([]);
  expect(await expiryWarning({ trust }, laterMs)).toBeNull();
});

test('a key is not overwritten by chance', async () => {
  const { dir } = await aCa();
  const issue = async (...more: string[]) =>
    (await buildProgram()).parseAsync(
      ['ca', 'issue', 'alice', '--role', 'operator', '--dir', dir, '--json', ...more],
      {
        from: 'user',
      },
    );
  const key = () => readFile(join(dir, 'alice.key'), 'utf8');
  const before = await key();
  await expect(issue()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('muster ca renew alice'),
  });
  expect(await key()).toBe(before);
  await issue('--replace');
  expect(await key()).not.toBe(before);
});

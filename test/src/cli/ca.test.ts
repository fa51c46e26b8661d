import { expect, test } from 'vitest';
import { caRecords } from '../../../src/cli/lib/ca-records.ts';
import { revokeNow, revokeOffline } from '../../../src/cli/lib/ca-revoke.ts';
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

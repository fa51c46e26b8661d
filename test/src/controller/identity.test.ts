import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readIdentity } from '../../../src/controller/identity.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Role } from '../../../src/core/names.ts';
import { createCa } from '../../../src/trust/ca.ts';
import { testConfig } from '../../kit/run-fakes.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-identity-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ca = createCa(dir, { name: 'x' });

async function configOf(name: string, role: Role) {
  const files = await (await ca).issueToFiles({ name, role, days: 1, dir });
  writeFileSync(join(dir, 'password'), 'secret\n');
  const broker = { host: 'h', management_url: 'http://h', management_password_file: join(dir, 'password') };
  return testConfig({ broker, trust: { dir, ...files } });
}

test('a controller is who its certificate says', async () => {
  const identity = await readIdentity(await configOf('controller', 'controller'), systemClock);
  expect(identity.sealer.name).toBe('controller');
  expect(identity.managementPassword).toBe('secret');
});

test("an operator's certificate is refused, by the key in the config", async () => {
  const reading = readIdentity(await configOf('alice', 'operator'), systemClock);
  await expect(reading).rejects.toThrow('trust.certificate: is of the role operator, expected controller');
});

test('a file that cannot be read is named with its key', async () => {
  const config = await configOf('controller', 'controller');
  const reading = readIdentity({ ...config, trust: { ...config.trust, key: '/nonexistent' } }, systemClock);
  await expect(reading).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'trust.key: /nonexistent cannot be read',
  });
});

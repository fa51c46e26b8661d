import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type InitReport, initHost } from '../../../src/cli/lib/init/run.ts';
import { readIdentity } from '../../../src/controller/identity.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { ControllerConfig } from '../../../src/core/config/controller.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import { tempDir } from '../../agent/temp.ts';

const wishIn = (root: string) => ({
  ...{ dir: join(root, 'muster'), systemdDir: join(root, 'systemd') },
  ...{ brokerHost: 'broker.example.org', operator: 'alice', group: 'web' },
  program: { node: '/opt/node', muster: '/opt/muster.mjs' },
});
const states = ({ items }: InitReport) => new Set(items.map(({ state }) => state));

async function tree(root: string): Promise<Record<string, string>> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, await readFile(path, 'utf8')])),
  );
}

test('a dry run touches nothing and names everything', async () => {
  const root = await tempDir();
  const report = await initHost(wishIn(root), { dryRun: true });
  expect(await readdir(root)).toEqual([]);
  expect(states(report)).toEqual(new Set(['would be made']));
  expect(report.next.join('\n')).toContain('muster userdata');
});

test('a controller host is made: keys are private, the config loads, and a controller could start with it', async () => {
  const root = await tempDir();
  const wish = wishIn(root);
  const report = await initHost(wish, { dryRun: false });
  expect(states(report)).toEqual(new Set(['made']));
  expect(report.broker).toMatch(/ECONNREFUSED|127\.0\.0\.1/);
  const modes = await Promise.all(
    [
      '',
      '/pki',
      '/pki/ca.key',
      '/pki/controller.key',
      '/pki/alice.key',
      '/broker-password',
      '/muster.yaml',
    ].map(async (path) => (await stat(`${wish.dir}${path}`)).mode & 0o077),
  );
  expect(modes).toEqual([0, 0, 0, 0, 0, 0, 0]);
  const config = await loadConfig(ControllerConfig, { path: join(wish.dir, 'muster.yaml') });
  expect(String(config.groups.web?.options.token)).toMatch(/^[\w-]{32}$/);
  expect((await readIdentity(config, systemClock)).sealer.name).toBe('controller');
  const unit = await readFile(join(wish.systemdDir, 'muster-controller.service'), 'utf8');
  expect(unit).toContain(`ExecStart=/opt/node /opt/muster.mjs controller --config ${wish.dir}/muster.yaml`);
  expect(unit).not.toContain('@');
});

test('every setting stands in the config with its description, and loads when it is taken into use', async () => {
  const root = await tempDir();
  const wish = wishIn(root);
  await initHost(wish, { dryRun: false });
  const text = await readFile(join(wish.dir, 'muster.yaml'), 'utf8');
  expect(text).toContain('# Days that a certificate of a node is valid');
  const used = text.replace(/^( *)#(\w+:(?: .+)?)$/gm, (line, indent: string, setting: string) =>
    setting.endsWith(':') && indent !== '' ? line : indent + setting,
  );
  expect(used).not.toBe(text);
  // Sections in which nothing has a default, and lists, stay empty.
  const tree = Object.entries(parse(used) as object).filter(([, value]) => value !== null);
  const parsed = ControllerConfig.safeParse(Object.fromEntries(tree));
  expect(parsed.error?.issues ?? []).toEqual([]);
});

test('a second run changes nothing, and what was cut off is made whole', async () => {
  const root = await tempDir();
  const wish = wishIn(root);
  await initHost(wish, { dryRun: false });
  const before = await tree(root);
  expect(states(await initHost(wish, { dryRun: false }))).toEqual(new Set(['there']));
  expect(await tree(root)).toEqual(before);
});

test('a key that others may read is shown with its mode, and refuses the start of the controller', async () => {
  const root = await tempDir();
  const wish = wishIn(root);
  await initHost(wish, { dryRun: false });
  const key = join(wish.dir, 'pki/controller.key');
  await chmod(key, 0o640);
  const { items } = await initHost(wish, { dryRun: false });
  expect(items.find(({ path }) => path === key)).toMatchObject({ state: 'open', mode: '0640' });
  const config = await loadConfig(ControllerConfig, { path: join(wish.dir, 'muster.yaml') });
  await expect(readIdentity(config, systemClock)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `trust.key: ${key} holds a private key and has mode 0640: others may read it; run chmod 0600 ${key}`,
  });
});

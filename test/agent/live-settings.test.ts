import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSettings, isSwitchedOff } from '../../agent/declared-settings.ts';
import { openLiveSettings } from '../../agent/live-settings.ts';
import { puppetOf } from '../../agent/puppet/of-host.ts';
import { systemClock } from '../../src/core/clock.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { loadConfig } from '../../src/core/config/load.ts';
import { createLog } from '../../src/core/create-log.ts';
import { linesOf } from '../kit/lines.ts';
import { aNode } from './host.ts';
import { tempDir } from './temp.ts';

async function aConfig(laterMs = 0) {
  const dir = await tempDir();
  const [path, pluginDir] = [join(dir, 'daemon.yaml'), join(dir, 'plugin.d')];
  await mkdir(pluginDir);
  await writeFile(path, 'broker: { host: b }\nsettings: { "shell.enabled": "no" }\n');
  const { stream, lines } = linesOf();
  const log = createLog({ level: 'info', name: 'test', stream });
  const load = () => loadConfig(DaemonConfig, { path, pluginD: true });
  let reads = 0;
  const live = openLiveSettings({
    config: await load(),
    async reload(origins) {
      reads += 1;
      return loadConfig(DaemonConfig, { path, pluginD: true, origins });
    },
    check: (settings, origins) => checkSettings(settings, origins, [{ name: 'rpcutil' }], log),
    ...{ pluginDir, log },
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs },
  });
  await live.refresh();
  return { live, path, pluginDir, lines, reads: () => reads };
}

test('Settings are read again when a file has changed, and not otherwise; the rest of the config stays', async () => {
  const { live, path, pluginDir, reads } = await aConfig();
  expect(await live.refresh()).toBe(false);
  expect(reads()).toBe(1);
  await writeFile(join(pluginDir, 'shell.cfg'), 'enabled = yes\n');
  expect(await live.refresh()).toBe(true);
  expect(live.current().settings).toEqual({ 'shell.enabled': 'yes' });
  await rm(join(pluginDir, 'shell.cfg'));
  await writeFile(path, 'broker: { host: other }\nsettings: { "shell.a": "b" }\n');
  await live.refresh();
  expect(live.current()).toMatchObject({ broker: { host: 'b' }, settings: { 'shell.a': 'b' } });
});

test('What has not changed for a minute when the daemon starts is not read twice', async () => {
  const { live, path, reads } = await aConfig(120_000);
  expect(reads()).toBe(0);
  await writeFile(path, 'broker: { host: b }\n');
  await live.refresh();
  expect([reads(), live.current().settings]).toEqual([1, {}]);
});

test('Settings that are wrong are told once, with file and line, and the last good ones hold', async () => {
  const { live, pluginDir, lines } = await aConfig();
  const [file, other] = [join(pluginDir, 'rpcutil.cfg'), join(pluginDir, 'x.cfg')];
  await writeFile(file, '# none\nkey = 1\n');
  expect(await live.refresh()).toBe(true);
  await writeFile(other, '');
  await live.refresh();
  expect(live.current().settings).toEqual({ 'shell.enabled': 'no' });
  expect(lines().filter(({ level }) => level === 'error')).toMatchObject([
    { code: 'CONFIG_INVALID', err: `${file}:2: unknown setting 'rpcutil.key'; 'rpcutil' has no settings` },
  ]);
});

test.each([
  [{ 'nrpe.activate_agent': 'false' }, true],
  [{ 'nrpe.activate_agent': '0' }, true],
  [{ 'nrpe.activate_agent': 'yes' }, false],
  [{ 'nrpe.activate_agent': 'what' }, false],
  [{}, false],
])('%j switches an agent off: %s', (settings, off) => {
  expect(isSwitchedOff('nrpe', settings)).toBe(off);
});

test('What makes a node reachable cannot be switched off', () => {
  for (const name of ['rpcutil', 'trust', 'provision'])
    expect(isSwitchedOff(name, { [`${name}.activate_agent`]: 'false' })).toBe(false);
});

test('Where Puppet came after the daemon had started, its files are where it has them now', async () => {
  const node = await aNode({ puppet: { bin: '/bin/true', state_dir: '/late' } });
  expect(await puppetOf(node.host)).toMatchObject({ bin: '/bin/true', stateDir: '/late' });
  const early = await aNode({ puppet: { state_dir: '/late' } }, '/bin/true');
  expect(await puppetOf(early.host)).toBe(early.puppet);
});

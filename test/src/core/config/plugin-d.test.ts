import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DaemonConfig } from '../../../../src/core/config/daemon.ts';
import type { Origins } from '../../../../src/core/config/explain.ts';
import { loadConfig } from '../../../../src/core/config/load.ts';

/** Writes files into a folder of the test; gives the path of `daemon.yaml` in it. */
async function files(texts: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-plugin-d-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const folder of ['conf.d', 'plugin.d']) await mkdir(join(dir, folder));
  await writeFile(join(dir, 'daemon.yaml'), 'broker: {host: b}\n');
  for (const [name, text] of Object.entries(texts)) await writeFile(join(dir, name), text);
  return join(dir, 'daemon.yaml');
}

const load = async (path: string, more: object = {}) =>
  (await loadConfig(DaemonConfig, { path, pluginD: true, ...more })).settings;

describe('plugin.d', () => {
  test('gives each plug-in its settings: `b = c` in a.cfg, or `b: c` in a.yaml, is a.b', async () => {
    const path = await files({
      'plugin.d/nrpe.cfg': '# checks\r\nconf_dir=/etc/nrpe.d\r\n\r\n  conf_file = a = b # c  \r\nempty =\n',
      'plugin.d/filemgr.yaml': 'paths: /var/log\nmax_digest_mb: 5\nzero: 007\non: true\nnone:\n',
      'plugin.d/empty.yml': '# nothing\n',
      'plugin.d/nrpe.cfg.dpkg-old': 'not read',
      'plugin.d/.nrpe.cfg': 'not read',
    });
    expect(await load(path)).toEqual({
      'nrpe.conf_dir': '/etc/nrpe.d',
      'nrpe.conf_file': 'a = b # c',
      'nrpe.empty': '',
      'filemgr.paths': '/var/log',
      'filemgr.max_digest_mb': '5',
      'filemgr.zero': '007',
      'filemgr.on': 'true',
      'filemgr.none': '',
    });
  });

  test('is stronger than the config and conf.d, weaker than the environment and --set', async () => {
    const path = await files({
      'daemon.yaml': 'broker: {host: b}\nsettings: {a.one: file, a.two: file}\n',
      'conf.d/x.yaml': 'settings: {a.two: conf.d, a.three: conf.d, a.four: conf.d, a.five: conf.d}\n',
      'plugin.d/a.cfg': 'three = plugin.d\nfour = plugin.d\nfive = plugin.d\n',
    });
    const more = { env: { MUSTER_SETTINGS__A__FOUR: '4' }, flags: ['settings.a.five=[5'] };
    expect(await load(path, more)).toEqual({
      'a.one': 'file',
      'a.two': 'conf.d',
      'a.three': 'plugin.d',
      'a.four': '4',
      'a.five': '[5',
    });
  });

  test('tells where each setting was set', async () => {
    const origins: Origins = new Map();
    const path = await files({ 'plugin.d/a.cfg': '\nb = c\n', 'plugin.d/c.yaml': 'd: e\nf: g\n' });
    await load(path, { origins });
    expect(origins.get('settings.a.b')).toMatch(/plugin\.d\/a\.cfg:2$/);
    expect(origins.get('settings.c.f')).toMatch(/plugin\.d\/c\.yaml:2$/);
  });

  test('need not be there, and is not read by a program that has no plug-ins', async () => {
    const path = await files({ 'plugin.d/a.cfg': 'b' });
    expect((await loadConfig(DaemonConfig, { path })).settings).toEqual({});
    await rm(join(path, '..', 'plugin.d'), { recursive: true });
    expect(await load(path)).toEqual({});
  });

  test.each([
    ['a line that is none', 'a.cfg', 'b = c\nd\n', /plugin\.d\/a\.cfg:2: expected 'key = value'/],
    ['a line without a key', 'a.cfg', '= c\n', /a\.cfg:1: expected 'key = value'/],
    ['a key with a space', 'a.cfg', 'b c = d\n', /a\.cfg:1: 'b c' is no name of a setting/],
    ['a key that is set twice', 'a.cfg', 'b = c\nb = d\n', /a\.cfg:2: 'b' is set already at .*a\.cfg:1/],
    ['a list', 'a.yaml', 'b: c\nd: [e]\n', /a\.yaml:2: 'd' is a list or a map; expected a text/],
    ['no map', 'a.yaml', '- b\n', /a\.yaml:1: expected a map of settings/],
    ['no YAML', 'a.yaml', 'b: c\nd: "\n', /a\.yaml:\d: is not YAML: /],
    [
      'a name that no plug-in has',
      'a-b.cfg',
      'c = d\n',
      /a-b\.cfg: the name of the file is the name of a plug/,
    ],
  ])('names file and line of %s', async (_what, name, text, message) => {
    const path = await files({ [`plugin.d/${name}`]: text });
    await expect(load(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
  });
});

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { package as ddl } from '../../../agent/agents/package.ddl.ts';
import { tempDir } from '../temp.ts';

const run = promisify(execFile);
const AGENT = JSON.stringify(join(import.meta.dirname, '../../../agent/agents/package.ts'));

/** A package without files, which can be set up only where there is the file `mended`. */
async function buildPackage(dir: string, version: string): Promise<string> {
  const [tree, file] = [join(dir, `tree-${version}`), join(dir, `half-${version}.deb`)];
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  const control = { Package: 'muster-half', Version: version, Architecture: 'all', Description: 'half' };
  const fields = { ...control, Maintainer: 'Nobody <nobody@example.org>' };
  const text = Object.entries(fields).map(([key, value]) => `${key}: ${value}\n`);
  await writeFile(join(tree, 'DEBIAN', 'control'), text.join(''));
  await writeFile(join(tree, 'DEBIAN', 'postinst'), `#!/bin/sh\n[ -e ${dir}/mended ]\n`, { mode: 0o755 });
  await run('dpkg-deb', ['-b', tree, file]);
  return file;
}

/** Has dpkg of this machine work on a copy of its database, which nobody else sees and which is gone afterwards. */
const PRIVATE = `set -e
cp -a /var/lib/dpkg "$0/dpkg"; mount --bind "$0/dpkg" /var/lib/dpkg; mount -t tmpfs tmpfs /var/cache/apt
exec "$@"`;

test('A package that is not set up to its end is told as such, and repaired or an error, never "unchanged"', async () => {
  const dir = await tempDir();
  const deb = await buildPackage(dir, '1.0');
  const script = `
    const { default: { actions } } = await import(${AGENT});
    const { spawnSync } = await import('node:child_process');
    const { rmSync, readFileSync, writeFileSync } = await import('node:fs');
    const request = { signal: new AbortController().signal };
    const said = [];
    const ask = async (action, input = {}) => said.push(await actions[action]({ package: 'muster-half', ...input }, request)
      .catch(({ code, message, details }) => ({ code, message, details })));
    // It fails where it has to leave the package in pieces.
    const dpkg = (...args) => spawnSync('dpkg', args, { stdio: 'ignore' });
    dpkg('-i', ${JSON.stringify(deb)});
    await ask('status');
    await ask('install');
    writeFileSync(${JSON.stringify(join(dir, 'mended'))}, '');
    await ask('install');
    await ask('install');
    dpkg('--unpack', ${JSON.stringify(deb)});
    await ask('install', { version: '1.0' });
    dpkg('--unpack', ${JSON.stringify(deb)});
    await ask('update');
    const status = readFileSync('/var/lib/dpkg/status', 'utf8');
    writeFileSync('/var/lib/dpkg/status', status.replace(
      /(Package: muster-half\\nStatus: ).*/, '$1install reinstreq half-installed'));
    await ask('status');
    await ask('install');
    console.log(JSON.stringify(said));
  `;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await run('unshare', ['--mount', 'sh', '-c', PRIVATE, dir, ...node]);
  const said: Record<string, unknown>[] = JSON.parse(stdout);
  const whole = { version: '1.0', state: 'installed' };
  expect(said).toMatchObject([
    { version: '1.0', state: 'half-configured' },
    {
      code: 'PROGRAM_FAILED',
      message: 'muster-half is half-configured: apt-get install muster-half=1.0 ended with 100',
      details: expect.arrayContaining([expect.stringContaining('post-installation script')]),
    },
    { ...whole, before: '1.0', changed: true, output: expect.stringContaining('Setting up muster-half') },
    { ...whole, changed: false, output: '' },
    { ...whole, before: '1.0', changed: true },
    { ...whole, before: '1.0', changed: true },
    { version: '1.0', state: 'half-installed, reinstreq' },
    {
      code: 'PROGRAM_FAILED',
      message: 'muster-half is half-installed, reinstreq: apt-get install muster-half ended with 100',
      details: expect.arrayContaining([expect.stringContaining('needs to be reinstalled')]),
    },
  ]);
  for (const one of [said[2], said[3]])
    expect(ddl.actions.install.output.safeParse(one).error).toBeUndefined();
});

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { renderUserData } from '../../userdata/render.ts';
import { eventually, tempDir } from '../agent/temp.ts';
import { testPki } from '../kit/pki.ts';
import { userDataInput } from './input.ts';

const run = promisify(execFile);
const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64';
/** Stands in for Node: it says what it was started with, and stays until it is ended. */
const NODE =
  '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "daemon runs: $*"\ntrap "echo daemon ends; exit 0" TERM\nwhile :; do sleep 0.05; done\n';

/** A mirror of these files over HTTPS with a certificate of the collective CA. */
async function aMirror(files: Readonly<Record<string, string>>) {
  const pki = await testPki();
  const { certificatePem: cert, keyPem: key } = await pki.holder('mirror', 'server');
  const served = new Map(Object.entries(files));
  const calls: string[] = [];
  let failing = 0;
  const server = createServer({ cert, key }, (request, response) => {
    const name = (request.url ?? '').slice(1);
    calls.push(name);
    failing -= 1;
    const content = failing >= 0 ? undefined : served.get(name);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    served,
    calls,
    failNext(count: number) {
      failing = count;
    },
  };
}

const sum = (text: string) => ({
  sha256: createHash('sha256').update(text).digest('hex'),
  bytes: text.length,
});

/** A machine whose root is a folder, with all files that cloud-init would have written. */
async function aMachine(
  files: Readonly<Record<string, string>>,
  mirrorCa: 'system' | 'collective' = 'collective',
) {
  const root = await tempDir();
  const mirror = await aMirror(files);
  const manifest = {
    version: '1',
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sum(text)])),
  };
  const cloud: { write_files: { path: string; permissions: string; content: string }[] } = parse(
    renderUserData(await userDataInput({ mirrorUrl: mirror.url, mirrorCa, files: manifest })),
  );
  for (const file of cloud.write_files) {
    await mkdir(dirname(join(root, file.path)), { recursive: true });
    await writeFile(join(root, file.path), file.content);
    await chmod(join(root, file.path), Number.parseInt(file.permissions, 8));
  }
  const env = { PATH: process.env.PATH, MUSTER_ROOT: root, MUSTER_TRIES: '2' };
  const init = (verb: string) => run('/bin/sh', [join(root, 'etc/init.d/muster'), verb], { env });
  onTestFinished(async () => {
    await init('stop').catch(() => undefined);
  });
  return {
    root,
    mirror,
    init,
    install: () => run('/bin/sh', [join(root, 'etc/muster/install/install.sh')], { env }),
  };
}

const FILES = { 'muster-daemon.cjs': 'daemon v1', [`node-linux-${ARCH}`]: NODE };

describe('The installer on a machine without systemd', () => {
  test('fetches, verifies, installs and starts the daemon, and links it into the boot', async () => {
    const { root, install, init } = await aMachine(FILES);
    const { stdout } = await install();
    expect(stdout).toContain('the daemon is installed and started');
    expect(await readFile(join(root, 'opt/muster/muster-daemon.cjs'), 'utf8')).toBe('daemon v1');
    expect(await readlink(join(root, 'etc/rc2.d/S20muster'))).toBe('../init.d/muster');
    expect((await init('status')).stdout).toContain('muster is running');
    const log = () => readFile(join(root, 'var/log/muster.log'), 'utf8');
    await eventually(async () => (await log()).includes('daemon runs:'));
    expect(await log()).toContain(
      `${root}/opt/muster/muster-daemon.cjs --config ${root}/etc/muster/daemon.yaml`,
    );
    await init('stop');
    expect(await log()).toContain('daemon ends');
    await expect(init('status')).rejects.toMatchObject({ code: 3 });
  });

  test('fetches nothing the second time and leaves the running daemon alone', async () => {
    const { root, install, mirror } = await aMachine(FILES);
    await install();
    const pid = await readFile(join(root, 'run/muster.pid'), 'utf8');
    mirror.calls.length = 0;
    await install();
    expect(mirror.calls).toEqual([]);
    expect(await readFile(join(root, 'run/muster.pid'), 'utf8')).toBe(pid);
  });

  test('installs nothing when a checksum is wrong, says so and fails', async () => {
    const { root, install, mirror } = await aMachine(FILES);
    mirror.served.set('muster-daemon.cjs', 'something else');
    await expect(install()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/FAILED: .*muster-daemon\.cjs has the SHA-256 .*nothing was installed/),
    });
    await expect(readFile(join(root, 'opt/muster/muster-daemon.cjs'))).rejects.toThrow('ENOENT');
  });

  test('tries again when the mirror fails, and gives up with a clear line', async () => {
    const { install, mirror } = await aMachine(FILES);
    mirror.failNext(1);
    expect((await install()).stdout).toContain('trying again');
    const { install: again, mirror: empty } = await aMachine(FILES);
    empty.served.clear();
    await expect(again()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/FAILED: cannot fetch https:.*muster-daemon\.cjs \(tried 2 times\)/),
    });
  });

  test('refuses a mirror whose certificate is not from the CA that it was told', async () => {
    const { install } = await aMachine(FILES, 'system');
    await expect(install()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('FAILED: cannot fetch'),
    });
  });

  test('says when there is no Node for this kind of machine', async () => {
    const { install } = await aMachine({ 'muster-daemon.cjs': 'x', 'node-linux-other': 'y' });
    await expect(install()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`the mirror has no node-linux-${ARCH}`),
    });
  });

  test('starts the daemon again when it ends by itself', async () => {
    const { root, install } = await aMachine({
      ...FILES,
      [`node-linux-${ARCH}`]: '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho started\nexit 7\n',
    });
    await install();
    const log = () => readFile(join(root, 'var/log/muster.log'), 'utf8');
    await eventually(async () => (await log()).includes('the daemon ended with code 7'));
    await eventually(async () => (await log()).split('started').length > 2, 15_000);
  });
});

test('On a machine with systemd the installer enables and starts the unit', async () => {
  const { root, install } = await aMachine(FILES);
  await mkdir(join(root, 'run/systemd/system'), { recursive: true });
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'systemctl'), `#!/bin/sh\necho "$*" >>"${root}/systemctl.log"\n`);
  await chmod(join(bin, 'systemctl'), 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${bin}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  const script = join(root, 'etc/muster/install/install.sh');
  await run('/bin/sh', [script], { env: { PATH: process.env.PATH, MUSTER_ROOT: root } });
  expect(await readFile(join(root, 'systemctl.log'), 'utf8')).toBe(
    'daemon-reload\nenable muster.service\nrestart muster.service\n',
  );
  expect(await readFile(join(root, 'etc/systemd/system/muster.service'), 'utf8')).toContain(
    'KillMode=process',
  );
  expect(install).toBeTypeOf('function');
});

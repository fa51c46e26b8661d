import { readFileSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';

const NODE_MODULES = new URL('../../../node_modules/', import.meta.url);

/**
 * Lets a command load the packages of which `infra/one-file-packages.ts` made one file: instead of two hundred files that
 * Node looks for, reads and links one by one, five. Only where they were made of what is installed now; a package that is
 * asked for by another package is that one's own matter. Never throws; without them it is slower and nothing else.
 * @param {URL} nodeModules where they are
 */
export function useOneFilePackages(nodeModules = NODE_MODULES) {
  const folder = new URL('.cache/muster/', nodeModules);
  const names = madeOfWhatIsInstalled(folder, new URL('.package-lock.json', nodeModules));
  if (names.size === 0) return;
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      names.has(specifier) && !context.parentURL?.startsWith(nodeModules.href)
        ? { url: new URL(`${specifier}.mjs`, folder).href, format: 'module', shortCircuit: true }
        : nextResolve(specifier, context),
  });
}

/**
 * Names of the packages; none when their list is missing, or npm has installed something since.
 * @param {URL} folder @param {URL} lock written by npm as its last act
 */
function madeOfWhatIsInstalled(folder, lock) {
  try {
    const { installed, packages } = JSON.parse(readFileSync(new URL('packages.json', folder), 'utf8'));
    const { mtimeMs, size } = statSync(lock);
    return new Set(installed === `${mtimeMs} ${size}` ? packages : []);
  } catch {
    return new Set();
  }
}

import { readdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { asMusterError, MusterError } from './errors.ts';
import type { Plugin } from './plugin.ts';

/** The verbs that make a plug-in one of its kind. */
export type PluginVerb = 'run' | 'send' | 'pick' | 'attest';

/**
 * Loads every plug-in of a folder, keyed by name. Strict: each `*.ts`, `*.js` or `*.mjs` file (tests, `*.ddl.*` and `*.d.ts` left out) must
 * have a default export whose `name` is the file's stem, with a summary, zod options and the verb of its kind.
 * Throws PLUGIN_INVALID that names the file and what is wrong.
 */
export async function loadPlugins<P extends Plugin<unknown>>(
  dir: string,
  verb: PluginVerb,
): Promise<Map<string, P>> {
  const plugins = new Map<string, P>();
  for (const file of await pluginFiles(dir)) {
    const plugin = await loadPlugin<P>(join(dir, file), verb);
    plugins.set(plugin.name, plugin);
  }
  return plugins;
}

/** One plug-in, from one file. Throws PLUGIN_INVALID. */
export async function loadPlugin<P extends Plugin<unknown>>(path: string, verb: PluginVerb): Promise<P> {
  const candidate = await importDefault(path);
  const problem = problemOf(candidate, parse(path).name, verb);
  if (problem !== null) throw new MusterError('PLUGIN_INVALID', `${path}: ${problem}`);
  return candidate as P;
}

/** Names of the plug-in files of a folder, sorted. Throws PLUGIN_INVALID when the folder cannot be read. */
export async function pluginFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new MusterError('PLUGIN_INVALID', `${dir}: cannot be read: ${asMusterError(cause).message}`, {
      cause,
    });
  });
  return names.filter((name) => /\.(ts|js|mjs)$/.test(name) && !/\.(test|ddl|d)\.[a-z]+$/.test(name)).sort();
}

/** The default export of a module. Throws PLUGIN_INVALID when it does not load. */
export async function importDefault(path: string): Promise<unknown> {
  try {
    const module: { default?: unknown } = await import(pathToFileURL(resolve(path)).href);
    return module.default;
  } catch (cause) {
    throw new MusterError('PLUGIN_INVALID', `${path}: does not load: ${asMusterError(cause).message}`, {
      cause,
    });
  }
}

function problemOf(candidate: unknown, stem: string, verb: PluginVerb): string | null {
  if (typeof candidate !== 'object' || candidate === null) return 'has no default export that is an object';
  const fields = candidate as Record<string, unknown>;
  if (fields.name !== stem)
    return `its name is ${JSON.stringify(fields.name)}, expected '${stem}', the name of the file`;
  if (typeof fields.summary !== 'string' || fields.summary === '') return 'has no summary';
  if (!(fields.options instanceof z.ZodType)) return 'its options are no zod schema';
  if (typeof fields[verb] !== 'function') return `has no function ${verb}()`;
  return null;
}

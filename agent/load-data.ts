import { join, parse } from 'node:path';
import { z } from 'zod';
import type { DataPlugin } from '../src/core/data.ts';
import { MusterError } from '../src/core/errors.ts';
import { importDefault, pluginFiles } from '../src/core/load.ts';
import { buildInfo } from './build-info.ts';
import { lookTrusted } from './external/trusted.ts';
import type { AnyData } from './host.ts';

/** Names with a meaning of their own in filters. */
const RESERVED = ['fact', 'with', 'include', 'agents', 'classes'];

/**
 * All data plug-ins, keyed by name: those of Muster (from the bundle, or by a scan of `data/`), then those of a site's folder.
 * Strict, as agents are: the default export of each file has the name of the file. Throws PLUGIN_INVALID that names the file,
 * SECURITY_REJECTED when somebody else could write one of a site's: it runs as the daemon.
 */
export async function loadData(siteDir: string | undefined): Promise<ReadonlyMap<string, AnyData>> {
  const plugins = new Map<string, AnyData>();
  const bundled = buildInfo().data;
  if (bundled === null) await scan(join(import.meta.dirname, 'data'), plugins, []);
  else for (const [stem, plugin] of Object.entries(bundled)) plugins.set(stem, checked(plugin, stem, stem));
  if (siteDir !== undefined) await scan(siteDir, plugins, RESERVED, lookTrusted);
  return plugins;
}

/** One data plug-in, from one file. Throws PLUGIN_INVALID that names the file. */
export async function loadDataFile(path: string): Promise<AnyData> {
  return checked(await importDefault(path), parse(path).name, path);
}

async function scan(
  dir: string,
  into: Map<string, AnyData>,
  reserved: readonly string[],
  look?: (path: string) => Promise<unknown>,
): Promise<void> {
  for (const file of await pluginFiles(dir)) {
    const path = join(dir, file);
    const stem = parse(path).name;
    if (into.has(stem) || reserved.includes(stem))
      throw new MusterError('PLUGIN_INVALID', `${path}: there is a data plug-in ${stem} already`);
    await look?.(path);
    into.set(stem, await loadDataFile(path));
  }
}

const Shape = z.object({
  ddl: z.object({
    name: z.string().regex(/^[a-z][a-z0-9_]*$/),
    description: z.string().min(1),
    timeoutS: z.number().positive(),
    query: z.instanceof(z.ZodType).nullable(),
    output: z.instanceof(z.ZodObject),
  }),
  activate: z.function(),
  query: z.function(),
});

function checked(candidate: unknown, stem: string, path: string): AnyData {
  const shape = Shape.safeParse(candidate);
  if (!shape.success) {
    const [issue] = shape.error.issues;
    const where = issue?.path.join('.') || 'default export';
    throw new MusterError('PLUGIN_INVALID', `${path}: is no data plug-in: ${where}: ${issue?.message}`);
  }
  const { name } = shape.data.ddl;
  if (name !== stem)
    throw new MusterError('PLUGIN_INVALID', `${path}: the name in its DDL is '${name}', expected '${stem}'`);
  // The shape was just looked at; only the types of outputs are the author's word.
  return candidate as DataPlugin as AnyData;
}

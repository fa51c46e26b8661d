import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataDdl } from '../../core/data.ts';
import type { Ddl } from '../../core/ddl.ts';
import { readJsonDdl } from '../../core/ddl-json/read.ts';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { amongKnown } from '../../core/nearest.ts';

const AGENTS = fileURLToPath(new URL('../../../agent/agents/', import.meta.url));
const DATA = fileURLToPath(new URL('../../../agent/data/', import.meta.url));
const OWN = /\.ddl\.ts$/;
const JSON_FILE = /^([a-z0-9_]+)\.json$/;

/**
 * Every contract of an agent, sorted by name: Muster's own, and those of the site's folder (`<agent>.json`, as Choria keeps
 * them). Throws PLUGIN_INVALID that names the file.
 */
export async function loadDdls(siteDir?: string): Promise<Ddl[]> {
  const own = await Promise.all((await stems(AGENTS)).map((stem) => ownDdl<Ddl>(AGENTS, stem)));
  const theirs = await Promise.all((await siteNames(siteDir)).map((name) => siteDdl(siteDir ?? '', name)));
  return [...own, ...theirs].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The contract of one agent; the site's folder is asked for only when Muster has none of this name. Throws NOT_FOUND with the nearest
 * name, PLUGIN_INVALID that names the file.
 */
export async function loadDdl(
  agent: string,
  siteDir: () => Promise<string | undefined> = async () => undefined,
): Promise<Ddl> {
  const own = await stems(AGENTS);
  if (own.includes(agent)) return ownDdl<Ddl>(AGENTS, agent);
  const dir = await siteDir();
  const theirs = await siteNames(dir);
  if (theirs.includes(agent)) return siteDdl(dir ?? '', agent);
  throw unknown('agent', agent, [...own, ...theirs]);
}

/** Names of Muster's own agents, sorted. */
export function ownAgentNames(): Promise<string[]> {
  return stems(AGENTS);
}

/** Names of Muster's own data plug-ins, sorted. */
export function ownDataNames(): Promise<string[]> {
  return stems(DATA);
}

/** Every contract of a data plug-in of Muster, sorted by name. */
export async function loadDataDdls(): Promise<DataDdl[]> {
  return Promise.all((await stems(DATA)).map((stem) => ownDdl<DataDdl>(DATA, stem)));
}

/** The contract of one data plug-in. Throws NOT_FOUND with the nearest name. */
export async function loadDataDdl(name: string): Promise<DataDdl> {
  const own = await stems(DATA);
  if (own.includes(name)) return ownDdl<DataDdl>(DATA, name);
  throw unknown('data plug-in', name, own);
}

async function stems(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => OWN.test(name));
  return names.map((name) => name.replace(OWN, '')).sort();
}

async function ownDdl<D>(folder: string, stem: string): Promise<D> {
  const module: Record<string, D | undefined> = await import(`${folder}${stem}.ddl.ts`);
  const ddl = module[stem];
  if (ddl === undefined) throw new MusterError('PLUGIN_INVALID', `${stem}.ddl.ts: does not export '${stem}'`);
  return ddl;
}

async function siteNames(dir: string | undefined): Promise<string[]> {
  if (dir === undefined) return [];
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new MusterError(
      'PLUGIN_INVALID',
      `the folder of contracts ${dir} cannot be read: ${asMusterError(cause).message}`,
      {
        ...{ cause, details: ['it is plugins.agents_dir of the config, or --agents-dir'] },
      },
    );
  });
  return names.flatMap((name) => JSON_FILE.exec(name)?.[1] ?? []).sort();
}

async function siteDdl(dir: string, name: string): Promise<Ddl> {
  const path = join(dir, `${name}.json`);
  const { ddl } = readJsonDdl(await readFile(path, 'utf8'), path);
  if (ddl.name === name) return ddl;
  throw new MusterError('PLUGIN_INVALID', `${path}: the name in it is '${ddl.name}', expected '${name}'`);
}

function unknown(kind: string, name: string, known: readonly string[]): MusterError {
  return new MusterError('NOT_FOUND', `no ${kind} '${name}'${amongKnown(name, [...known].sort())}`);
}

import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { DataDdl } from '../../core/data.ts';
import type { Ddl } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';

const FOLDER = fileURLToPath(new URL('../../../agent/agents/', import.meta.url));
const DATA = fileURLToPath(new URL('../../../agent/data/', import.meta.url));

/** Every DDL of Muster's own agents, by name of file `<agent>.ddl.ts`, sorted. Throws PLUGIN_INVALID. */
export async function loadDdls(): Promise<Ddl[]> {
  return Promise.all((await agentNames()).map(loadDdlFile));
}

/** The DDL of one agent. Throws NOT_FOUND when there is none of this name. */
export async function loadDdl(agent: string): Promise<Ddl> {
  const known = await agentNames();
  const near = nearest(agent, known);
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  if (!known.includes(agent))
    throw new MusterError('NOT_FOUND', `no agent '${agent}'${hint}; there are ${known.join(', ')}`);
  return loadDdlFile(agent);
}

async function loadDdlFile(agent: string): Promise<Ddl> {
  const module: Record<string, Ddl | undefined> = await import(`${FOLDER}${agent}.ddl.ts`);
  const ddl = module[agent];
  if (ddl === undefined)
    throw new MusterError('PLUGIN_INVALID', `${agent}.ddl.ts: does not export '${agent}'`);
  return ddl;
}

/** Names of Muster's own agents, sorted. */
export function agentNames(): Promise<string[]> {
  return stemsIn(FOLDER);
}

/** Names of Muster's own data plug-ins, sorted. */
export function dataNames(): Promise<string[]> {
  return stemsIn(DATA);
}

/** The contract of a data plug-in; null when it is none of Muster's own: a site may have more. */
export async function loadDataDdl(name: string): Promise<DataDdl | null> {
  if (!(await dataNames()).includes(name)) return null;
  const module: Record<string, DataDdl | undefined> = await import(`${DATA}${name}.ddl.ts`);
  return module[name] ?? null;
}

async function stemsIn(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ddl.ts'));
  return files.map((name) => name.replace(/\.ddl\.ts$/, '')).sort();
}

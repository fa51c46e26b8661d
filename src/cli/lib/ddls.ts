import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { DataDdl } from '../../core/data.ts';
import type { Ddl } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';

const AGENTS = fileURLToPath(new URL('../../../agent/agents/', import.meta.url));
const DATA = fileURLToPath(new URL('../../../agent/data/', import.meta.url));
const OWN = /\.ddl\.ts$/;

/** Every DDL of Muster's own agents, by name of file `<agent>.ddl.ts`, sorted. Throws PLUGIN_INVALID. */
export async function loadDdls(): Promise<Ddl[]> {
  return Promise.all((await stems(AGENTS)).map((stem) => ownDdl<Ddl>(AGENTS, stem)));
}

/** The DDL of one agent. Throws NOT_FOUND with the nearest name. */
export async function loadDdl(agent: string): Promise<Ddl> {
  const own = await stems(AGENTS);
  if (own.includes(agent)) return ownDdl<Ddl>(AGENTS, agent);
  throw unknown('agent', agent, own);
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

function unknown(kind: string, name: string, known: readonly string[]): MusterError {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : `, did you mean '${near}'?`;
  return new MusterError('NOT_FOUND', `no ${kind} '${name}'${hint}; there are ${known.join(', ')}`);
}

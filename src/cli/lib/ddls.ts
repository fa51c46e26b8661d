import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Ddl } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';

const FOLDER = fileURLToPath(new URL('../../../agent/agents/', import.meta.url));

/** Every DDL of Muster's own agents, by name of file `<agent>.ddl.ts`, sorted. Throws PLUGIN_INVALID. */
export async function loadDdls(): Promise<Ddl[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ddl.ts')).sort();
  return Promise.all(files.map((file) => loadDdlFile(file.replace(/\.ddl\.ts$/, ''))));
}

/** The DDL of one agent. Throws NOT_FOUND when there is none of this name. */
export async function loadDdl(agent: string): Promise<Ddl> {
  const known = (await readdir(FOLDER))
    .filter((name) => name.endsWith('.ddl.ts'))
    .map((name) => name.replace(/\.ddl\.ts$/, ''));
  if (!known.includes(agent))
    throw new MusterError('NOT_FOUND', `no agent '${agent}'; there are ${known.sort().join(', ')}`);
  return loadDdlFile(agent);
}

async function loadDdlFile(agent: string): Promise<Ddl> {
  const module: Record<string, Ddl | undefined> = await import(`${FOLDER}${agent}.ddl.ts`);
  const ddl = module[agent];
  if (ddl === undefined)
    throw new MusterError('PLUGIN_INVALID', `${agent}.ddl.ts: does not export '${agent}'`);
  return ddl;
}

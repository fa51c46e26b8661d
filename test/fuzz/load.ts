import { readdirSync } from 'node:fs';
import type { FuzzTarget } from './target.ts';

const FOLDER = new URL('targets/', import.meta.url);

/** All targets, by the names of their files. Throws when a file has another name than its target. */
export async function loadTargets(): Promise<FuzzTarget[]> {
  const names = readdirSync(FOLDER).sort();
  return Promise.all(
    names.map(async (file) => {
      const { default: target }: { default: FuzzTarget } = await import(new URL(file, FOLDER).href);
      if (`${target.name}.ts` !== file) throw new Error(`${file} holds the target ${target.name}`);
      return target;
    }),
  );
}

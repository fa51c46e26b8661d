import { readFile } from 'node:fs/promises';
import { asMusterError, MusterError } from '../../../core/errors.ts';
import type { Finder } from './finder.ts';
import { namesOfLines } from './names.ts';

/** The names in a file, one a line. Throws USAGE. *Source:* MCollective's and Choria's flat file. */
export async function fileFinder(path: string): Promise<Finder> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('USAGE', `--nodes ${path} cannot be read: ${asMusterError(cause).message}`, {
      cause,
    });
  });
  const names = namesOfLines(text, path);
  return { method: 'file', fixedS: null, find: async () => ({ names, filtered: 'none', given: true }) };
}

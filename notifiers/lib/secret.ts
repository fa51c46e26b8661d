import { readFile } from 'node:fs/promises';
import { MusterError } from '../../src/core/errors.ts';

/** Text of a file that an option names, without the line end at its end. Throws NOTIFY_REJECTED that names the option and the file. */
export async function readOptionFile(option: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('NOTIFY_REJECTED', `${option} ${path} cannot be read`, { cause });
  });
  return text.replace(/\r?\n$/, '');
}

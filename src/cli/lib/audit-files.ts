import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asMusterError, MusterError } from '../../core/errors.ts';

/** An audit file and those that were rotated away (`FILE.1` is the newest of them), oldest first. Throws NOT_FOUND. */
export async function auditFiles(path: string): Promise<{ name: string; text: string }[]> {
  const [folder, name] = [dirname(path), basename(path)];
  const numbers = (await readdir(folder).catch(() => []))
    .filter((entry) => entry.startsWith(`${name}.`) && /^\d+$/.test(entry.slice(name.length + 1)))
    .map((entry) => Number(entry.slice(name.length + 1)))
    .sort((a, b) => b - a);
  const paths = [...numbers.map((number) => join(folder, `${name}.${number}`)), path];
  return Promise.all(paths.map(async (file) => ({ name: file, text: await readText(file) })));
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('NOT_FOUND', `${path} cannot be read: ${asMusterError(cause).message}`, { cause });
  });
}

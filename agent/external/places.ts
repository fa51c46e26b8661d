import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../files.ts';

/** Names of Choria's own agents, which no external agent may have. *Source:* Choria. */
export const RESERVED_NAMES: readonly string[] = [
  ...['rpcutil', 'choria_util', 'choria_provision', 'choria_registry', 'discovery', 'scout'],
];

/** A contract in the folder, whatever is in it. */
export interface FoundContract {
  /** Stem of the file, which the name in it has to be. */
  readonly name: string;
  readonly file: string;
  /** Where its program is looked for. */
  readonly dir: string;
}

/** Go's names of what Node calls otherwise. */
const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/**
 * Contracts of a folder, sorted by name: `<name>.json`, and `<name>/<name>.json` where there is no such file. None when
 * there is no such folder; throws what the system says when it cannot be read.
 */
export async function findContracts(dir: string): Promise<FoundContract[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: unknown) => {
    if (isMissing(cause)) return [];
    throw cause;
  });
  const names = entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
  const flat = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const nested = names.filter((name) => !name.includes('.') && !flat.includes(name));
  const found = await Promise.all([
    ...flat.map((name) => ({ name, file: join(dir, `${name}.json`), dir })),
    ...nested.map(async (name) => {
      const file = join(dir, name, `${name}.json`);
      return (await isFile(file)) ? { name, file, dir: join(dir, name) } : null;
    }),
  ]);
  return found.filter((one) => one !== null).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Where the program of a contract may be, best first: beside it, and in a folder beside it under a name that says system and
 * processor (`linux_amd64`, `linux_arm64`). Pure. *Source:* Choria's external agents.
 */
export function programPlaces(dir: string, name: string): string[] {
  const whole = `${name}-${process.platform}_${GO_ARCH[process.arch] ?? process.arch}`;
  return [join(dir, name), join(dir, name, whole), join(dir, whole)];
}

/** The first of {@link programPlaces} where there is a file, or null. */
export async function findProgram(dir: string, name: string): Promise<string | null> {
  for (const place of programPlaces(dir, name)) if (await isFile(place)) return place;
  return null;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

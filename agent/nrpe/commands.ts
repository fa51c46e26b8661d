import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { amongKnown } from '../../src/core/nearest.ts';
import { ioError, isMissing } from '../files.ts';

/** One `command[NAME]=LINE` of the node. */
export interface NrpeCommand {
  readonly name: string;
  /** For /bin/sh, as NRPE does it. */
  readonly line: string;
  readonly file: string;
}

/** Where command files are, and who may own them. */
export interface NrpePlaces {
  readonly confDir: string;
  /** Empty for none; relative paths are within `confDir`. */
  readonly confFile: string;
  /** User ids whose files are trusted. */
  readonly owners: readonly number[];
}

const COMMAND = /^\s*command\[([^\]]+)\]\s*=\s*(.+?)\s*$/;
const OTHERS_MAY_WRITE = 0o022;

/**
 * All commands by name; of two definitions the last counts, `conf_file` before the folder, the folder by file name. What is
 * in these files runs as the daemon's user, so only files that nobody else can write are taken. Throws NODE_IO,
 * SECURITY_REJECTED that names the file. *Source:* nrpe.cfg (`command[…]`, `include_dir`).
 */
export async function readCommands(places: NrpePlaces): Promise<ReadonlyMap<string, NrpeCommand>> {
  const commands = new Map<string, NrpeCommand>();
  for (const file of await commandFiles(places)) {
    for (const line of (await readTrusted(file, places)).split('\n')) {
      const [, name, command] = COMMAND.exec(line) ?? [];
      if (name !== undefined && command !== undefined) commands.set(name, { name, line: command, file });
    }
  }
  return commands;
}

/** The command of this name. Throws NOT_FOUND that names the nearest one and those there are. Pure. */
export function commandNamed(commands: ReadonlyMap<string, NrpeCommand>, name: string): NrpeCommand {
  const found = commands.get(name);
  if (found !== undefined) return found;
  const known = amongKnown(name, [...commands.keys()].sort(), 'commands here:');
  throw new MusterError('NOT_FOUND', `no such command: ${name}${known}`);
}

async function commandFiles({ confDir, confFile, owners }: NrpePlaces): Promise<string[]> {
  const single = confFile === '' ? [] : [resolve(confDir, confFile)];
  try {
    const names = (await readdir(confDir)).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
    mustBeTrusted(confDir, await stat(confDir), owners);
    return [...single, ...names.sort().map((name) => join(confDir, name))];
  } catch (cause) {
    if (isMissing(cause)) return single;
    throw cause instanceof MusterError ? cause : ioError('read', confDir, cause);
  }
}

/** Looks at the very file that is read, so that nobody can put another in its place in between. */
async function readTrusted(path: string, { owners }: NrpePlaces): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    mustBeTrusted(path, await file.stat(), owners);
    return await file.readFile('utf8');
  } catch (cause) {
    throw cause instanceof MusterError ? cause : ioError('read', path, cause);
  } finally {
    await file?.close();
  }
}

function mustBeTrusted(path: string, look: { uid: number; mode: number }, owners: readonly number[]): void {
  const refuse = (why: string) => new MusterError('SECURITY_REJECTED', `${path} ${why}, so it is not used`);
  if (!owners.includes(look.uid)) throw refuse(`belongs to user ${look.uid}, not to root`);
  if ((look.mode & OTHERS_MAY_WRITE) !== 0) throw refuse('can be written by others (chmod go-w)');
}

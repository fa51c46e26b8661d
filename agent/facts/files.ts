import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/inventory.ts';
import type { Log } from '../../src/core/log.ts';
import { isMissing, stampOf } from '../files.ts';
import type { FactSource } from './budget.ts';
import { FACT_FILE, parseFacts } from './parse.ts';

/** What the files say. `stamp` is another whenever something of it may be. */
export interface FileFacts {
  readonly stamp: string;
  /** Of the folder. */
  readonly dir: Facts;
  /** All files, weakest first. */
  readonly sources: readonly FactSource[];
}

interface Kept {
  readonly look: string;
  readonly facts: Facts;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Facts of a folder and of single files; later names win. Each call looks at times, sizes and inodes, and reads again what is new.
 * A file that cannot be read keeps its last good values, and is named in the log once for each change. Nothing is ever run.
 */
export function createFactFiles(options: {
  readonly dir: string;
  readonly files: readonly string[];
  readonly log: Log;
}): () => Promise<FileFacts> {
  const { log } = options;
  const kept = new Map<string, Kept>();
  const told = new Set<string>();

  async function read(path: string): Promise<Kept | null> {
    const before = kept.get(path);
    const stats = await stat(path).catch((cause: unknown) =>
      isMissing(cause) ? null : asMusterError(cause),
    );
    const look = stats === null ? null : lookOf(stats);
    if (look === null) kept.delete(path);
    if (look === null || before?.look === look) return look === null ? null : (before ?? null);
    const facts = await readFacts(path, stats).catch((cause: unknown) => {
      const keeps = before === undefined ? 'it is left out' : 'its last good values are kept';
      log.warn({ file: path, err: asMusterError(cause).message }, `a file of facts is broken: ${keeps}`);
      return before?.facts ?? {};
    });
    const now = { look, facts };
    kept.set(path, now);
    return now;
  }

  async function namesOf(): Promise<string[]> {
    const names = await readdir(options.dir).catch((cause: unknown) => {
      if (isMissing(cause)) return [];
      throw cause;
    });
    for (const name of names.filter((one) => !one.startsWith('.') && !FACT_FILE.test(one))) {
      if (told.size < 100 && !told.has(name))
        log.info(
          { file: join(options.dir, name) },
          'not read: facts are in .yaml, .yml, .json and .txt files',
        );
      told.add(name);
    }
    return names.filter((name) => FACT_FILE.test(name)).sort();
  }

  return async () => {
    const inDir = await readAll(
      (await namesOf()).map((name) => join(options.dir, name)),
      read,
    );
    const single = await readAll(options.files, read);
    return {
      stamp: `${inDir.stamp}\n\n${single.stamp}`,
      dir: inDir.facts,
      sources: [...single.sources, ...inDir.sources],
    };
  };
}

async function readAll(paths: readonly string[], read: (path: string) => Promise<Kept | null>) {
  const looks: string[] = [];
  const sources: FactSource[] = [];
  for (const path of paths) {
    const file = await read(path);
    if (file === null) continue;
    sources.push({ name: path, facts: file.facts });
    looks.push(`${path}:${file.look}`);
  }
  const facts: Facts = Object.assign({}, ...sources.map((source) => source.facts));
  return { facts, sources, stamp: looks.join('\n') };
}

function lookOf(stats: Stats | MusterError): string {
  return stats instanceof MusterError ? stats.message : stampOf(stats);
}

async function readFacts(path: string, stats: Stats | MusterError | null): Promise<Facts> {
  if (stats instanceof MusterError) throw stats;
  // A FIFO would be waited for.
  if (stats?.isFile() !== true) throw new MusterError('NODE_IO', 'is no regular file');
  if (stats.size > MAX_BYTES)
    throw new MusterError('NODE_IO', `has ${stats.size} bytes, more than ${MAX_BYTES}`);
  return parseFacts(path, await readFile(path, 'utf8'));
}

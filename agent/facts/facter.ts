import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/inventory.ts';
import type { Log } from '../../src/core/log.ts';
import { exists, readIfThere, stampOf, writeAtomic } from '../files.ts';
import { type ProgramEnd, type ProgramOptions, runProgram } from '../program.ts';
import { factsThatFit, flatFacts } from './parse.ts';

/** What Facter said last. It is run in the background, seldom, and never for a request. */
export interface Facter {
  current(): Facts;
  /** Runs Facter if that is due; true when there are new facts. Facts named `own` are those that it has from us. Never throws. */
  refresh(own: Facts, signal: AbortSignal): Promise<boolean>;
  /** Folders of its external facts, worth watching. */
  readonly folders: readonly string[];
  /** Wait before the first run: a daemon that starts has better things to do. */
  readonly afterMs: number;
}

/** How Facter is run. */
export interface FacterOptions {
  /** null: where it is installed, if it is. */
  readonly program: string | null;
  /** What it said is kept here, so that a daemon that starts again has it at once. */
  readonly cacheFile: string;
  /** Another boot may be another machine, made from an image of this one: then what was kept is forgotten. */
  readonly bootId: string;
  readonly everyS: number;
  readonly afterMs: number;
  /** Where Facter finds external facts by itself; when a file there or in the next two changes, Facter is run earlier. */
  readonly folders: readonly string[];
  /** Where Puppet puts custom facts and external facts of its modules. */
  readonly synced: { readonly custom: readonly string[]; readonly external: readonly string[] };
  readonly clock: Clock;
  readonly log: Log;
  readonly run?: (file: string, args: readonly string[], options: ProgramOptions) => Promise<ProgramEnd>;
}

/** Where Facter is. *Source:* Debian's facter 4.3 and Puppet's own packages. */
const PLACES = ['/usr/bin/facter', '/opt/puppetlabs/bin/facter', '/opt/puppetlabs/puppet/bin/facter'];
/** The file by which Facter has facts from us. */
export const OWN_FILE = 'muster.yaml';
/** Facter's own copy of EC2's metadata: ours are from the same place, without user data. Attributes of GCE hold start scripts. */
const LEFT_OUT = /^(ec2_|gce\.(instance|project)\.attributes)/;
const NONE: Facts = {};
const LIMIT_MS = 60_000;
const MAX_OUTPUT_BYTES = 2 * 1024 * 1024;
/** A registration, which is base64, has 512 KB. */
const MAX_FACT_BYTES = 128 * 1024;
const LEAST_GAP_MS = 30_000;

const Cache = z.object({
  boot_id: z.string(),
  at_ms: z.number(),
  look: z.string(),
  facts: z.record(z.string(), z.string()),
});
type Cache = z.output<typeof Cache>;

/** Reads what was kept. Throws NODE_IO when it is there and cannot be read. */
export async function openFacter(options: FacterOptions): Promise<Facter> {
  const { clock, log, run = runProgram } = options;
  let known = await readCache(options);
  let tried = known === null ? null : { atMs: known.at_ms, look: known.look };
  let running = false;

  async function facterRun(own: Facts, look: string, signal: AbortSignal): Promise<boolean> {
    const program = await programOf(options.program);
    if (program === null) return false;
    const atMs = clock.nowMs();
    tried = { atMs, look };
    // Low priority: it may wait, whatever else the node does may not.
    const end = await run('nice', ['-n', '19', program, '--json', ...(await foldersFor(options))], {
      ...{ signal, timeoutMs: LIMIT_MS, maxBytes: MAX_OUTPUT_BYTES },
    });
    if (signal.aborted) return false;
    const facts = factsOf(end, own);
    known = { boot_id: options.bootId, at_ms: atMs, look, facts };
    const { exitcode, stderr } = end;
    const said = { facts: Object.keys(facts).length, ms: clock.nowMs() - atMs, exitcode };
    log.debug({ ...said, stderr: stderr.slice(-300) }, 'Facter has been asked');
    await writeAtomic(options.cacheFile, JSON.stringify(known), { mode: 0o600 }).catch((cause: unknown) => {
      log.warn({ err: asMusterError(cause).message }, 'facts of Facter could not be kept for the next start');
    });
    return true;
  }

  const folders = [...options.folders, ...options.synced.external, ...options.synced.custom];
  return {
    folders,
    afterMs: options.afterMs,
    current: () => known?.facts ?? NONE,
    async refresh(own, signal) {
      if (running) return false;
      running = true;
      try {
        const look = await lookAt(folders);
        const changed = tried !== null && tried.look !== look;
        if (!isDue({ nowMs: clock.nowMs(), lastMs: tried?.atMs ?? null, everyS: options.everyS, changed }))
          return false;
        return await facterRun(own, look, signal);
      } catch (cause) {
        if (!signal.aborted)
          log.warn({ err: asMusterError(cause).message }, 'Facter gave nothing: its last facts are kept');
        return false;
      } finally {
        running = false;
      }
    },
  };
}

/** Is it time to run Facter again? `lastMs`: when it was run last. A clock that was set back counts as time. Pure. */
export function isDue(when: {
  readonly nowMs: number;
  readonly lastMs: number | null;
  readonly everyS: number;
  readonly changed: boolean;
}): boolean {
  if (when.lastMs === null) return true;
  const ageMs = when.nowMs - when.lastMs;
  return ageMs < 0 || ageMs >= when.everyS * 1000 || (when.changed && ageMs >= LEAST_GAP_MS);
}

/**
 * Facter ends with 1 when one fact of many could not be told: what it said of the others is good. Without what it has from us: a fact
 * that we drop must not come back by it.
 */
function factsOf(end: ProgramEnd, own: Facts): Facts {
  if (end.cut) throw new MusterError('RPC_FAILED', `did not end within ${LIMIT_MS / 1000} s`);
  const all = Object.entries(saidBy(end));
  const wanted = all.filter(([name]) => !Object.hasOwn(own, name) && !LEFT_OUT.test(name));
  return factsThatFit(Object.fromEntries(wanted), MAX_FACT_BYTES);
}

function saidBy({ stdout, stderr, exitcode }: ProgramEnd): Facts {
  try {
    const facts = flatFacts(JSON.parse(stdout));
    if (Object.keys(facts).length > 0) return facts;
  } catch {
    // Told below, with what it said on standard error.
  }
  throw new MusterError(
    'RPC_FAILED',
    `gave no map of facts in JSON, and ended with ${exitcode}: ${stderr.trim().slice(-300)}`,
  );
}

async function programOf(configured: string | null): Promise<string | null> {
  for (const place of configured === null ? PLACES : [configured]) if (await exists(place)) return place;
  if (configured !== null) throw new MusterError('NOT_FOUND', `facts.facter: there is no ${configured}`);
  return null;
}

async function readCache({ cacheFile, bootId }: FacterOptions): Promise<Cache | null> {
  const text = await readIfThere(cacheFile);
  if (text === null) return null;
  try {
    const cache = Cache.parse(JSON.parse(text));
    return cache.boot_id === bootId ? cache : null;
  } catch {
    // Half a file of an older daemon: Facter is asked anew.
    return null;
  }
}

/**
 * Arguments by which Facter tells the facts of Puppet's modules too. Puppet itself is not loaded for it (`--puppet`): that takes seconds.
 * A folder of external facts that is named takes the place of those that Facter finds by itself, so all are named.
 */
async function foldersFor({ folders, synced }: FacterOptions): Promise<string[]> {
  const there = async (all: readonly string[]) => {
    const found = await Promise.all(all.map(exists));
    return all.filter((_, index) => found[index]);
  };
  const [custom, external] = await Promise.all([there(synced.custom), there(synced.external)]);
  const named = external.length === 0 ? [] : [...(await there(folders)), ...external];
  return [
    ...custom.flatMap((folder) => ['--custom-dir', folder]),
    ...named.flatMap((folder) => ['--external-dir', folder]),
  ];
}

/** Names, sizes and times of external facts, without our own. */
async function lookAt(folders: readonly string[]): Promise<string> {
  const looks: string[] = [];
  for (const folder of folders) {
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      const found = name === OWN_FILE ? undefined : await stat(join(folder, name)).catch(() => undefined);
      if (found !== undefined) looks.push(`${folder}/${name}:${stampOf(found)}`);
    }
  }
  return looks.join('\n');
}

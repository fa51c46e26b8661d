import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { MusterError } from '../../src/core/errors.ts';
import { readIfThere } from '../files.ts';
import type { PuppetPaths } from './paths.ts';

const numbers = z.record(z.string(), z.number().catch(0)).catch({}).default({});
const texts = z.record(z.string(), z.coerce.string()).catch({}).default({});

/** What Puppet keeps of its last run, whoever started it. A node where it never ran has empty maps. */
const Summary = z.object({
  version: texts,
  resources: numbers,
  time: numbers,
  changes: numbers,
  events: numbers,
});
type Summary = z.output<typeof Summary>;

/** Totals of the last run, under MCollective's names. Times are in seconds; `lastrun` since the epoch, 0 for never. */
export interface LastRunTotals {
  readonly out_of_sync_resources: number;
  readonly failed_resources: number;
  readonly corrected_resources: number;
  readonly changed_resources: number;
  readonly total_resources: number;
  readonly total_time: number;
  readonly config_retrieval_time: number;
  readonly lastrun: number;
  readonly since_lastrun: number;
  readonly config_version: string;
}

/**
 * Reads last_run_summary.yaml: in the public folder, or, as before Puppet 7, in the state folder. Throws NODE_IO when it
 * cannot be read. *Source:* Puppet's lastrunfile setting.
 */
export async function readSummary(paths: Pick<PuppetPaths, 'publicDir' | 'stateDir'>): Promise<Summary> {
  for (const dir of [paths.publicDir, paths.stateDir]) {
    const path = join(dir, 'last_run_summary.yaml');
    const text = await readIfThere(path);
    if (text === null) continue;
    const parsed = Summary.safeParse(parse(text, { logLevel: 'silent' }));
    if (parsed.success) return parsed.data;
    throw new MusterError('NODE_IO', `${path} makes no sense`, { cause: parsed.error });
  }
  return Summary.parse({});
}

/** The totals in a summary, as things stand now. Pure. */
export function totalsOf({ resources, time, version }: Summary, nowMs: number): LastRunTotals {
  const lastrun = Math.floor(time.last_run ?? 0);
  return {
    out_of_sync_resources: resources.out_of_sync ?? 0,
    failed_resources: resources.failed ?? 0,
    corrected_resources: resources.corrective_change ?? 0,
    changed_resources: resources.changed ?? 0,
    total_resources: resources.total ?? 0,
    total_time: time.total ?? 0,
    config_retrieval_time: time.config_retrieval ?? 0,
    lastrun,
    since_lastrun: Math.max(0, Math.floor(nowMs / 1000) - lastrun),
    config_version: version.config || 'unknown',
  };
}

/** Resources that Puppet manages here, as it writes them: `file[/etc/motd]`. Empty where it never ran. Throws NODE_IO. */
export async function managedResources({ stateDir }: Pick<PuppetPaths, 'stateDir'>): Promise<string[]> {
  const text = (await readIfThere(join(stateDir, 'resources.txt'))) ?? '';
  return text.split('\n').filter((line) => line !== '');
}

/** Is `Type[title]` among them? Case does not matter, because Puppet writes all of it in lower case. Pure. */
export function isManaged(managed: readonly string[], type: string, title: string): boolean {
  const wanted = `${type}[${title}]`.toLowerCase();
  return managed.some((resource) => resource.toLowerCase() === wanted);
}

/** How many resources there are of each type, e.g. `File: 12`. Pure. */
export function typeDistribution(managed: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const resource of managed) {
    const type = (resource.split('[')[0] ?? '').split('::').map(capital).join('::');
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

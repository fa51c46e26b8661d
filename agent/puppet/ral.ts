import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { MusterError } from '../../src/core/errors.ts';
import { type ProgramEnd, runProgram } from '../program.ts';
import { type PuppetPaths, puppetProgram } from './paths.ts';
import { readReport } from './report.ts';

/** A value of a property: Puppet reads numbers and booleans out of their texts. */
export type RalValue = string | readonly string[];

/** A resource as Puppet finds it on this node. */
export interface RalResource {
  readonly title: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A resource as it should be. */
export interface WantedResource {
  readonly type: string;
  readonly title: string;
  readonly properties: Readonly<Record<string, RalValue>>;
}

/** What came of making a resource so. */
export interface Applied {
  readonly changed: boolean;
  readonly failed: boolean;
  /** What Puppet logged, `source: message`. */
  readonly lines: readonly string[];
}

const FIND_MS = 170_000;
/** Beyond the time of an action: a package manager that is killed in the middle of its work leaves the machine in pieces. */
const APPLY_MS = 3_600_000;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_LINES = 100;
/** A property of such a name is never shown, and never taken: it would stand in requests, audit and lists of processes. */
const SECRET = /(^|_)(pass|passwd|password|passphrase|secret|token|salt|private_key)$/;

const Found = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())));

/** Does a property of this name hold a secret? */
export function isSecretProperty(name: string): boolean {
  return SECRET.test(name.toLowerCase());
}

/**
 * Asks Puppet for all resources of a type, or for the one of a title (one that is not there comes with `ensure: absent`).
 * Secrets are masked. Throws PROGRAM_FAILED with what Puppet said, CONFLICT when that is more than can be read, PUPPET_MISSING. *Source:* `puppet resource --to_yaml` of 7.23.
 */
export async function findResources(
  paths: PuppetPaths,
  type: string,
  title: string | null,
  signal: AbortSignal,
): Promise<RalResource[]> {
  const wanted = ['--', type, ...(title === null ? [] : [title])];
  const args = ['resource', '--to_yaml', '--color=false', ...paths.options, ...wanted];
  const options = { signal, timeoutMs: FIND_MS, maxBytes: MAX_BYTES };
  const end = await runProgram(await puppetProgram(paths), args, options);
  if (end.exitcode !== 0) throw failure(`puppet resource ${type}`, end);
  if (end.truncated)
    throw new MusterError(
      'CONFLICT',
      `puppet resource ${type} says more than ${MAX_BYTES / 2 ** 20} MiB: a part of it would mislead, so ask for single ones by their title`,
    );
  const found = Found.safeParse(parse(end.stdout, { logLevel: 'silent' }) ?? {});
  if (!found.success)
    throw new MusterError('PROGRAM_FAILED', `puppet resource ${type}: its YAML makes no sense`, {
      cause: found.error,
    });
  return Object.entries(found.data[type] ?? {}).map(([name, properties]) => ({
    title: name,
    properties: Object.fromEntries(Object.entries(properties).map(masked)),
  }));
}

/**
 * Lets Puppet make one resource so. It is handed over as a catalog on standard input, so no value is ever an argument or
 * read as Puppet's language, and Puppet's state of the last run is left alone. Throws PROGRAM_FAILED when Puppet does not
 * know the type or a property, PUPPET_MISSING. *Source:* `puppet apply --catalog -` of 7.23, whose exit code tells nothing.
 */
export async function applyResource(paths: PuppetPaths, resource: WantedResource): Promise<Applied> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-ral-'));
  try {
    const own = ['--statedir', dir, '--publicdir', dir, '--report', '--no-noop'];
    const args = ['apply', '--color=false', ...paths.options, ...own, '--catalog', '-'];
    const input = JSON.stringify(catalogOf(resource));
    const end = await runProgram(await puppetProgram(paths), args, { input, timeoutMs: APPLY_MS });
    const report = await readReport(join(dir, 'last_run_report.yaml'), { maxLogs: MAX_LINES }).catch(
      () => null,
    );
    if (end.exitcode !== 0 || report === null) throw failure(`puppet apply of ${nameOf(resource)}`, end);
    const { changed = 0 } = report.resources ?? {};
    const lines = report.logs
      .filter(({ source }) => source !== 'Puppet')
      .map(({ source, message }) => `${source}: ${message}`);
    return { changed: changed > 0, failed: report.failed.length > 0 || report.status === 'failed', lines };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** `User[peter]`, as Puppet writes it. Pure. */
export function nameOf({ type, title }: Pick<WantedResource, 'type' | 'title'>): string {
  return `${type.replace(/(^|::)[a-z]/g, (start) => start.toUpperCase())}[${title}]`;
}

function catalogOf({ type, title, properties }: WantedResource): object {
  // Without its kind, a type that Puppet does not know would be taken for a class with nothing in it.
  const resource = {
    type,
    kind: 'compilable_type',
    title,
    tags: [],
    exported: false,
    parameters: properties,
  };
  return {
    name: 'muster',
    version: 1,
    environment: 'production',
    resources: [resource],
    edges: [],
    classes: [],
  };
}

function masked([name, value]: [string, unknown]): [string, unknown] {
  return [name, isSecretProperty(name) ? '***' : value];
}

function failure(what: string, { stdout, stderr, exitcode, cut }: ProgramEnd): MusterError {
  const said = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const errors = said.filter((line) => /^Error: (?!Facter)/.test(line)).slice(0, 5);
  const end = cut ? 'did not end in time' : `ended with ${exitcode}`;
  return new MusterError('PROGRAM_FAILED', `${what} ${end}`, {
    details: errors.map((line) => line.slice(0, 500)),
  });
}

import { mkdirSync, watch } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { asMusterError } from '../src/core/errors.ts';
import type { Facts } from '../src/core/inventory.ts';
import type { Log } from '../src/core/log.ts';
import { isMissing, readIfThere, writeAtomic } from './files.ts';

/** What the node knows of itself, always fresh: the files are looked at on each call and read again only when they changed. */
export interface FactStore {
  facts(): Promise<Facts>;
  /** As they were at the last look. */
  current(): Facts;
  /** Looks by itself whenever a file changes, until `signal`. */
  follow(signal: AbortSignal): void;
  /** Facts of the metadata service, once they are there. They win over files: nobody may pose as another instance by a file. */
  setEc2(facts: Facts): void;
}

/** Where facts come from and go to. */
export interface FactStoreOptions {
  /** Folder of `*.yaml`, `*.yml` and `*.json` maps; later names win. */
  readonly dir: string;
  readonly stateDir: string;
  /** Facter's folder of external facts, or empty. */
  readonly facterDir: string;
  readonly log: Log;
}

const POLL_MS = 30_000;
const MAX_NAME_CHARS = 200;
const MAX_VALUE_CHARS = 8192;

/** Merges own, file and EC2 facts, and writes them to `STATE/facts.json` and, for Puppet, as external facts of Facter. */
export function createFactStore(options: FactStoreOptions): FactStore {
  let cached: { signature: string; facts: Facts } | undefined;
  let ec2: Facts = {};

  async function read(signature: string): Promise<Facts> {
    const fromFiles = await readFolder(options.dir, options.log);
    const forFacter = { ...fromFiles, ...ec2 };
    const facts = { ...ownFacts(), ...forFacter };
    cached = { signature, facts };
    await publish(options, facts, forFacter).catch((cause: unknown) => {
      options.log.warn({ err: asMusterError(cause).message }, 'facts could not be written');
    });
    return facts;
  }

  let turn: Promise<unknown> = Promise.resolve();

  /** One look after the other: one write of a file makes several events, and all write the same files. */
  function look(): Promise<Facts> {
    const next = turn.then(async () => {
      const signature = await signatureOf(options.dir);
      return cached?.signature === signature ? cached.facts : read(signature);
    });
    turn = next.catch(() => undefined);
    return next;
  }

  return {
    facts: look,
    current: () => cached?.facts ?? {},
    follow(signal) {
      const again = () => void look().catch(() => undefined);
      watchFolder(options.dir, again, signal);
      // The kernel may drop events, and the folder may be replaced.
      const poll = setInterval(again, POLL_MS).unref();
      signal.addEventListener('abort', () => clearInterval(poll), { once: true });
    },
    setEc2(facts) {
      ec2 = facts;
      cached = undefined;
    },
  };
}

/** The folder is made, so that others, such as Puppet, can put facts there. */
function watchFolder(dir: string, onChange: () => void, signal: AbortSignal): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    watch(dir, { persistent: false, signal }, onChange).on('error', () => undefined);
  } catch {
    // A folder that cannot be made or watched: polling is enough.
  }
}

/** Facts that need no file: `hostname`, `ipaddress` (first outside IPv4 address), `architecture`. */
function ownFacts(): Facts {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.find((address) => address.family === 'IPv4' && !address.internal);
  return {
    hostname: hostname(),
    architecture: process.arch,
    ...(outside === undefined ? {} : { ipaddress: outside.address }),
  };
}

/** Names, sizes and times of the fact files: changes whenever one of them does. */
async function signatureOf(dir: string): Promise<string> {
  const parts = (await factFiles(dir)).map(async (file) => {
    const found = await stat(join(dir, file)).catch(() => undefined);
    return `${file}:${found?.size}:${found?.mtimeMs}:${found?.ino}`;
  });
  return (await Promise.all(parts)).join('\n');
}

async function factFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: unknown) => {
    if (isMissing(cause)) return [];
    throw cause;
  });
  return names.filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name)).sort();
}

async function readFolder(dir: string, log: Log): Promise<Facts> {
  const facts: Record<string, string> = {};
  for (const file of await factFiles(dir)) {
    try {
      // JSON is YAML, so one parser reads both.
      const content: unknown = parse((await readIfThere(join(dir, file))) ?? '');
      flatten(content, '', facts);
    } catch (cause) {
      log.warn({ file: join(dir, file), err: asMusterError(cause).message }, 'a file of facts is left out');
    }
  }
  return facts;
}

/** Maps within maps become `outer.inner`; a list becomes its JSON. */
function flatten(value: unknown, prefix: string, into: Record<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const name = `${prefix}${key}`.slice(0, MAX_NAME_CHARS);
    if (item === null || item === undefined) continue;
    if (typeof item === 'object' && !Array.isArray(item)) flatten(item, `${name}.`, into);
    else
      into[name] = (typeof item === 'object' ? JSON.stringify(item) : String(item)).slice(0, MAX_VALUE_CHARS);
  }
}

async function publish(options: FactStoreOptions, facts: Facts, forFacter: Facts): Promise<void> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await writeIfChanged(join(options.stateDir, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
  if (options.facterDir === '') return;
  await mkdir(options.facterDir, { recursive: true, mode: 0o755 });
  // Without our own ones: an external fact `hostname` would hide Facter's.
  await writeIfChanged(
    join(options.facterDir, 'muster.yaml'),
    `# Written by Muster.\n${stringify(forFacter)}`,
  );
}

async function writeIfChanged(path: string, content: string): Promise<void> {
  if ((await readIfThere(path)) !== content) await writeAtomic(path, content, { mode: 0o644 });
}

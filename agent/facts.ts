import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { Facts } from '../src/core/inventory.ts';
import type { Log } from '../src/core/log.ts';
import { MAX_FACTS_BYTES, MAX_HELLO_FACTS_BYTES } from '../src/core/messages.ts';
import { LEFT_OUT_BYTES, leftOutTeller, mergeFacts } from './facts/budget.ts';
import { type Facter, OWN_FILE, openFacter } from './facts/facter.ts';
import { createFactFiles } from './facts/files.ts';
import { readIfThere, writeAtomic } from './files.ts';
import { bootId } from './puppet/run-process.ts';
import { createListeners, followFolders, type Listeners } from './watch.ts';

/** What the node knows of itself, always fresh: the files are looked at on each call and read again only when they changed. */
export interface FactStore {
  facts(): Promise<Facts>;
  /** For a hello, as far as they fit: those that are there from the first moment on, without Facter's, which may be minutes late. */
  early(): Promise<Facts>;
  /** As they were at the last look. */
  current(): Facts;
  /** Looks by itself whenever a file changes, and asks Facter in the background, until `signal`. */
  follow(signal: AbortSignal): void;
  /** Facts of the metadata service, once they are there. They win over all others: nobody may pose as another instance by a file. */
  setEc2(facts: Facts): void;
  /** Told whenever a look finds other facts. */
  readonly onChange: Listeners['add'];
}

/** Where facts come from and go to. */
export interface FactStoreOptions {
  /** Folder of files of facts; later names win. */
  readonly dir: string;
  /** Other files of facts; later ones win, those of the folder win over all of them. */
  readonly files: readonly string[];
  /** null: Facter is not asked. */
  readonly facter: Facter | null;
  readonly stateDir: string;
  /** Facter's folder of external facts, or empty. */
  readonly facterDir: string;
  readonly log: Log;
}

interface Known {
  /** Of what it was made. */
  readonly parts: readonly unknown[];
  readonly early: Facts;
  readonly all: Facts;
  /** Ours to give to Facter. */
  readonly own: Facts;
}

const NONE: Facts = {};
const FACTER_AFTER_MS = 5000;
/** Where Facter reads external facts. *Source:* Facter 4's defaults for root. */
const EXTERNAL = ['/etc/facter/facts.d', '/etc/puppetlabs/facter/facts.d', '/opt/puppetlabs/facter/facts.d'];
/** *Source:* Puppet's `libdir` and `pluginfactdest`, by Debian's package and by Puppet's own. */
const SYNCED = {
  custom: ['/var/cache/puppet/lib/facter', '/opt/puppetlabs/puppet/cache/lib/facter'],
  external: ['/var/cache/puppet/facts.d', '/opt/puppetlabs/puppet/cache/facts.d'],
};

/** The facts of this node, as the config says. Nothing is followed yet. Throws NODE_IO. */
export async function openFacts(config: DaemonConfig, log: Log): Promise<FactStore> {
  const { dir, files, facter: asked, facter_every_s: everyS, facter_dir: facterDir } = config.facts;
  const facter =
    asked === false
      ? null
      : await openFacter({
          program: asked === true ? null : asked,
          cacheFile: join(config.state_dir, 'facter.json'),
          bootId: await bootId(),
          folders: [...new Set([...EXTERNAL, facterDir])].filter((folder) => folder !== ''),
          ...{ synced: SYNCED, afterMs: FACTER_AFTER_MS },
          ...{ everyS, clock: systemClock, log },
        });
  return createFactStore({ dir, files, facter, facterDir, stateDir: config.state_dir, log });
}

/**
 * Merges, weakest first, facts of the system, of Facter, of single files, of the folder and of EC2, and writes them to
 * `STATE/facts.json` and, as far as they are ours, as external facts of Facter.
 */
export function createFactStore(options: FactStoreOptions): FactStore {
  const { dir, facter, log } = options;
  const readFiles = createFactFiles(options);
  const tellLeft = leftOutTeller(log);
  const listeners = createListeners();
  let known: Known | undefined;
  let ec2: Facts = {};

  async function lookNow(): Promise<Known> {
    const { stamp, dir: inDir, sources } = await readFiles();
    const [system, said] = [systemFacts(), facter?.current() ?? NONE];
    const parts = [stamp, JSON.stringify(system), ec2, said];
    if (known?.parts.every((part, index) => part === parts[index]) === true) return known;
    const systems = { name: 'the system', facts: system, first: true };
    const stronger = [...sources, { name: 'EC2', facts: ec2, first: true }];
    const merged = mergeFacts(
      [systems, { name: 'Facter', facts: said }, ...stronger],
      MAX_FACTS_BYTES - LEFT_OUT_BYTES,
    );
    const all = { ...merged.facts, ...tellLeft(merged.left) };
    const own = Object.keys({ ...inDir, ...ec2 }).filter((name) => Object.hasOwn(all, name));
    known = {
      parts,
      all,
      early: mergeFacts([systems, ...stronger], MAX_HELLO_FACTS_BYTES).facts,
      own: Object.fromEntries(own.map((name) => [name, all[name] ?? ''])),
    };
    await publish(options, known).catch((cause: unknown) => {
      log.warn({ err: asMusterError(cause).message }, 'facts could not be written');
    });
    listeners.tell();
    return known;
  }

  let turn: Promise<unknown> = Promise.resolve();

  /** One look after the other: all write the same files. */
  function look(): Promise<Known> {
    const next = turn.then(lookNow);
    turn = next.catch(() => undefined);
    return next;
  }

  async function lookAndAsk(signal: AbortSignal): Promise<void> {
    const { own } = await look();
    if ((await facter?.refresh(own, signal)) === true) await look();
  }

  return {
    facts: async () => (await look()).all,
    early: async () => (await look()).early,
    current: () => known?.all ?? {},
    follow(signal) {
      makeFolder(dir);
      const again = () =>
        void lookAndAsk(signal).catch((cause: unknown) => {
          log.warn({ err: asMusterError(cause).message }, 'facts could not be read');
        });
      const folders = [dir, ...options.files.map(dirname), ...(facter?.folders ?? [])];
      followFolders([...new Set(folders)], again, signal);
      const first = setTimeout(again, facter?.afterMs ?? 0).unref();
      signal.addEventListener('abort', () => clearTimeout(first), { once: true });
    },
    setEc2(facts) {
      ec2 = facts;
      void look().catch(() => undefined);
    },
    onChange: listeners.add,
  };
}

/** So that others, such as Puppet, can put facts there. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  } catch {
    // Then there are none.
  }
}

/** Facts that need no file: `hostname`, `ipaddress` (first outside IPv4 address), `architecture`. */
function systemFacts(): Facts {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.find((address) => address.family === 'IPv4' && !address.internal);
  return {
    hostname: hostname(),
    architecture: process.arch,
    ...(outside === undefined ? {} : { ipaddress: outside.address }),
  };
}

async function publish(options: FactStoreOptions, { all, own }: Known): Promise<void> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await writeIfChanged(join(options.stateDir, 'facts.json'), `${JSON.stringify(all, null, 2)}\n`);
  if (options.facterDir === '') return;
  await mkdir(options.facterDir, { recursive: true, mode: 0o755 });
  // Neither those of the system, nor those of others' files, which may be a copy of Facter's: they would hide Facter's own.
  await writeIfChanged(join(options.facterDir, OWN_FILE), `# Written by Muster.\n${stringify(own)}`);
}

async function writeIfChanged(path: string, content: string): Promise<void> {
  if ((await readIfThere(path)) !== content) await writeAtomic(path, content, { mode: 0o644 });
}

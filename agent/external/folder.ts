import { rm } from 'node:fs/promises';
import { systemClock } from '../../src/core/clock.ts';
import type { Ddl } from '../../src/core/ddl.ts';
import { asMusterError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { AnyAgent } from '../host.ts';
import { follow } from './follow.ts';
import { type FoundContract, findContracts } from './places.ts';
import { contractIn, type Look, lookAt, type Taken } from './take.ts';

/** Where external agents come from and go to. */
export interface ExternalOptions {
  /** Folder of contracts (`<name>.json`) and programs. */
  readonly dir: string;
  /** Folder of the agents' own settings. */
  readonly configDir: string;
  /** Folder for what is handed over to programs; emptied at the first look. */
  readonly root: string;
  /** All agents of the daemon, by name. External ones are put in and taken out; the others' names are theirs. */
  readonly agents: Map<string, AnyAgent>;
  readonly log: Log;
  /** How old a changed file must be before it is taken, in ms; 5 s by default. */
  readonly settleMs?: number;
  /** Longest time between two looks, in ms; 20 s by default. */
  readonly pollMs?: number;
}

/** The external agents of a daemon. */
export interface ExternalAgents {
  /**
   * Looks at the folder now and whenever something changes there, and puts what it finds among the agents. Calls `changed` when
   * an agent came, went or was replaced, or should be asked again whether it serves. Ends by the function that it gives.
   */
  follow(changed: () => void): () => void;
  /** The contract of this name in the folder, served or not; null when there is none that can be read. Never throws. */
  contractOf(name: string): Promise<Ddl | null>;
}

const SETTLE_MS = 5000;
const POLL_MS = 20_000;

/** Nothing is read before it is followed. *Source:* Choria's external agents (added, replaced and removed while it runs). */
export function externalAgents(options: ExternalOptions): ExternalAgents {
  const { dir, settleMs = SETTLE_MS, pollMs = POLL_MS } = options;
  const folder = new Folder({ ...options, settleMs });
  return {
    contractOf: (name) => contractIn(dir, name).catch(() => null),
    follow: (changed) =>
      follow(dir, {
        async look() {
          const seen = await folder.look();
          if (seen.changed || folder.unanswered()) changed();
          return seen.young ? Math.min(settleMs, pollMs) : pollMs;
        },
        failed(cause) {
          folder.tell(dir, 'NODE_IO', asMusterError(cause).message);
          return pollMs;
        },
      }),
  };
}

class Folder {
  readonly #own: ExternalOptions & { readonly settleMs: number };
  /** Names of agents that are not external. */
  readonly #others: ReadonlySet<string>;
  readonly #taken = new Map<string, Taken>();
  readonly #told = new Map<string, string>();
  readonly #emptied: Promise<unknown>;

  constructor(own: ExternalOptions & { readonly settleMs: number }) {
    this.#own = own;
    this.#others = new Set(own.agents.keys());
    // What a daemon left that was killed.
    this.#emptied = rm(own.root, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Whether an agent came, went or was replaced, and whether a file has still to settle. Throws when the folder cannot be read. */
  async look(): Promise<{ changed: boolean; young: boolean }> {
    await this.#emptied;
    const found = await findContracts(this.#own.dir);
    const gone = [...this.#taken.keys()].filter((name) => !found.some((one) => one.name === name));
    for (const file of this.#told.keys())
      if (!found.some((one) => one.file === file)) this.#told.delete(file);
    const seen = { changed: gone.map((name) => this.#drop(name)).includes(true), young: false };
    for (const contract of found) {
      const look = await this.#lookAt(contract);
      seen.young ||= look.kind === 'young';
      seen.changed = this.#apply(contract, look) || seen.changed;
    }
    return seen;
  }

  /** One of them did not say whether it serves. */
  unanswered(): boolean {
    return [...this.#taken.values()].some((one) => one.unanswered());
  }

  /** Says it once, until it changes. */
  tell(file: string, code: string, reason: string): void {
    if (this.#told.get(file) === reason) return;
    this.#told.set(file, reason);
    if (code === 'OTHER') this.#own.log.info({ file, reason }, 'a contract is left out');
    else this.#own.log.error({ file, code, reason }, 'an external agent is not served');
  }

  #lookAt(contract: FoundContract): Promise<Look> {
    const { settleMs, root, configDir } = this.#own;
    return lookAt(contract, {
      known: this.#taken.get(contract.name)?.signature,
      refused: (name) => this.#others.has(name),
      // Compared with the times of files, which know the clock of the machine alone.
      nowMs: systemClock.nowMs(),
      ...{ settleMs, root, configDir },
    });
  }

  /** Gives whether the agent came, went or was replaced. */
  #apply({ name, file }: FoundContract, look: Look): boolean {
    if (look.kind === 'left') {
      this.tell(file, look.code, look.reason);
      return this.#drop(name);
    }
    if (look.kind !== 'taken') return false;
    const { taken } = look;
    this.#told.delete(file);
    this.#taken.set(name, taken);
    this.#own.agents.set(name, taken.agent);
    this.#own.log.info({ agent: name, version: taken.agent.ddl.version, file }, 'an external agent is taken');
    return true;
  }

  #drop(name: string): boolean {
    if (!this.#taken.delete(name)) return false;
    this.#own.agents.delete(name);
    this.#own.log.info({ agent: name }, 'an external agent is gone');
    return true;
  }
}

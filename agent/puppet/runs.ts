import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/core/clock.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { PuppetRun } from '../../src/core/puppet-run-schema.ts';
import { exists, writeAtomic } from '../files.ts';
import { describe, prune, type RunOrder, readOrder, standOf } from './run-folder.ts';
import { bootId, startScript } from './run-process.ts';

/** One Puppet run as it is asked for. */
export interface RunWish {
  readonly run: string;
  /** null: the one that Puppet's own settings and the master name. */
  readonly environment: string | null;
  readonly timeoutS: number;
}

/** What a run needs to be started. */
export interface RunCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly reportPath: string;
}

/** The Puppet runs of this node, one at a time. They live in folders and outlive the daemon. */
export interface PuppetRuns {
  /**
   * Starts a run, or tells how the one of this name stands. `command` is asked only when something is started.
   * Throws NODE_LOCKED while another one is active, CONFLICT when the name was used for another environment, NODE_IO.
   */
  start(wish: RunWish, command: () => Promise<RunCommand>): Promise<PuppetRun>;
  /** How the run of this name stands, or null when there is none. Throws NODE_IO. */
  look(run: string): Promise<PuppetRun | null>;
  /** Finds the runs of an earlier daemon: follows those that go on, tells of those that ended meanwhile. */
  recover(): Promise<void>;
  close(): void;
}

/** What keeping Puppet runs needs. */
export interface PuppetRunsOptions {
  /** Folder of the run folders. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each run that ended; `exitcode` is -1 when the run left none. */
  readonly onEnded: (run: string, exitcode: number) => Promise<void>;
}

const KEEP_RUNS = 20;
const POLL_MS = 5_000;

/** Opens the runs of a folder. Nothing is read before `recover` or `start`. */
export function createPuppetRuns(options: PuppetRunsOptions): PuppetRuns {
  return new Runs(options);
}

class Runs implements PuppetRuns {
  readonly #options: PuppetRunsOptions;
  /** Runs whose script this process has started: until it claims its folder they count as running. */
  readonly #started = new Set<string>();
  /** Runs whose end this process has told, or is telling. */
  readonly #telling = new Set<string>();
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();
  #following: { readonly name: string; readonly stop: () => void } | null = null;

  constructor(options: PuppetRunsOptions) {
    this.#options = options;
  }

  start(wish: RunWish, command: () => Promise<RunCommand>): Promise<PuppetRun> {
    return this.#inTurn(async () => {
      const order = await readOrder(this.#dir(wish.run));
      if (order !== null && order.environment !== wish.environment) {
        throw new MusterError(
          'CONFLICT',
          `the run ${wish.run} was for ${order.environment === null ? 'no environment by name' : `the environment ${order.environment}`}`,
        );
      }
      const known = await this.#look(wish.run);
      if (known !== null) return known;
      const busy = this.#following === null ? null : await this.#look(this.#following.name);
      if (busy?.state === 'running')
        throw new MusterError('NODE_LOCKED', `the Puppet run ${busy.run} is active on this node`);
      return this.#begin(wish, await command(), order);
    });
  }

  look(run: string): Promise<PuppetRun | null> {
    return this.#inTurn(() => this.#look(run));
  }

  recover(): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of await readdir(this.#options.root).catch(() => [])) await this.#lookSafely(name);
    });
  }

  close(): void {
    this.#closed = true;
    this.#following?.stop();
  }

  /** One thing at a time, so that two requests cannot both find the node idle. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #dir(name: string): string {
    return join(this.#options.root, name);
  }

  /** null: there is no such run, or the daemon ended before its script began. */
  async #look(name: string): Promise<PuppetRun | null> {
    const dir = this.#dir(name);
    const order = await readOrder(dir);
    if (order === null) return null;
    const stand = await standOf(dir, order);
    if (stand.kind === 'unclaimed' && !this.#started.has(name)) {
      // Its script is gone and never began: the node is free for the next run.
      if (this.#following?.name === name) this.#following.stop();
      return null;
    }
    const run = await describe(dir, stand, this.#options.clock);
    if (run.state === 'running') this.#follow(name);
    else await this.#ended(name, run);
    return run;
  }

  async #lookSafely(name: string): Promise<void> {
    await this.#look(name).catch((cause: unknown) => {
      this.#options.log.warn(
        { run: name, err: asMusterError(cause).message },
        'the Puppet run could not be looked at',
      );
    });
  }

  async #begin(
    wish: RunWish,
    { command, reportPath }: RunCommand,
    order: RunOrder | null,
  ): Promise<PuppetRun> {
    const { log, clock, root } = this.#options;
    const dir = this.#dir(wish.run);
    const written = order ?? (await writeOrder(dir, wish, clock));
    this.#started.add(wish.run);
    this.#follow(wish.run);
    startScript({ dir, reportPath, timeoutS: wish.timeoutS, command }, log, () => {
      this.#started.delete(wish.run);
      // The next daemon looks for itself.
      if (!this.#closed) void this.#inTurn(() => this.#lookSafely(wish.run));
    });
    log.info(
      { run: wish.run, environment: wish.environment, timeout_s: wish.timeoutS },
      'Puppet run started',
    );
    await prune(root, KEEP_RUNS, wish.run);
    return describe(dir, { kind: 'running', order: written }, clock);
  }

  async #ended(name: string, run: PuppetRun): Promise<void> {
    if (this.#following?.name === name) this.#following.stop();
    this.#started.delete(name);
    if (this.#telling.has(name) || (await exists(join(this.#dir(name), 'told')))) return;
    this.#telling.add(name);
    const { exitcode, verdict, reason } = run;
    this.#options.log.info({ run: name, exitcode, verdict, reason }, 'Puppet run ended');
    // Not waited for: telling may have to wait for the broker, and nothing here depends on it.
    void this.#tell(name, exitcode ?? -1);
  }

  /** What could not be told is told by the next daemon. */
  async #tell(name: string, exitcode: number): Promise<void> {
    try {
      await this.#options.onEnded(name, exitcode);
      await writeFile(join(this.#dir(name), 'told'), '');
    } catch (cause) {
      const err = asMusterError(cause).message;
      this.#options.log.warn({ run: name, err }, 'the end of the run could not be told');
    }
  }

  #follow(name: string): void {
    if (this.#following !== null) return;
    const check = () => void this.#inTurn(() => this.#lookSafely(name));
    const watcher = watchExit(this.#dir(name), check, this.#options.log);
    // The kernel may drop events, and a run that was killed writes nothing at all.
    const poll = setInterval(check, POLL_MS).unref();
    const stop = () => {
      watcher?.close();
      clearInterval(poll);
      this.#following = null;
    };
    this.#following = { name, stop };
  }
}

async function writeOrder(dir: string, wish: RunWish, clock: Clock): Promise<RunOrder> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const order: RunOrder = {
    run: wish.run,
    environment: wish.environment,
    timeout_s: wish.timeoutS,
    started_at_ms: clock.nowMs(),
    boot_id: await bootId(),
  };
  await writeAtomic(join(dir, 'run.json'), `${JSON.stringify(order)}\n`, { mode: 0o644 });
  return order;
}

function watchExit(dir: string, onExit: () => void, log: Log): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, (_event, file) => {
      if (file === 'exitcode') onExit();
    });
    watcher.on('error', (cause) =>
      log.debug({ dir, err: cause.message }, 'watching failed; polling goes on'),
    );
    return watcher;
  } catch (cause) {
    log.debug({ dir, err: asMusterError(cause).message }, 'watching failed; polling goes on');
    return null;
  }
}

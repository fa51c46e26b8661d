import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import type { Box, BoxHome, BoxOptions } from './box.ts';
import { macOf, renderHosts } from './box-names.ts';
import { type BoxProcess, startBoxProcess } from './box-process.ts';
import { type CommandResult, run } from './process.ts';

const INSIDE_ENV = ['HOME=/root', 'TERM=dumb', 'LANG=C.UTF-8'];
const INSIDE_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The line by which the node itself finds its master is the node's own. */
const REWRITE_HOSTS = 'own=$(grep "# muster$" /etc/hosts || :); { echo "$own"; cat; } > /etc/hosts';

/** A box out of Linux namespaces. `nextCard` names the lab's end of its network card at each boot. */
export class NamespaceBox implements Box {
  readonly name: string;
  readonly ip: string;
  readonly consolePath: string;
  readonly #home: BoxHome;
  readonly #options: BoxOptions;
  readonly #diskDir: string;
  readonly #nextCard: () => string;
  #process: BoxProcess | undefined;
  #destroyed = false;

  constructor(home: BoxHome, options: BoxOptions, nextCard: () => string) {
    this.#nextCard = nextCard;
    this.name = options.name;
    this.ip = options.ip;
    this.consolePath = join(home.logDir, `box-${options.name}.log`);
    this.#home = home;
    this.#options = options;
    this.#diskDir = join(home.disksDir, options.name);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async create(): Promise<void> {
    await mkdir(this.#diskDir, { recursive: true });
    await writeFile(join(this.#diskDir, 'prepare'), this.#options.prepare ?? '');
    await this.start().catch(async (error: unknown) => {
      await this.destroy();
      throw error;
    });
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    if (this.#destroyed) throw new MusterError('CONFLICT', `box ${this.name} was destroyed`);
    await writeFile(join(this.#diskDir, 'hosts'), renderHosts(this.#home.hosts(), this.#options));
    const started = await startBoxProcess({
      ...this.#options,
      binds: this.#options.binds ?? [],
      diskDir: this.#diskDir,
      hiddenDir: this.#home.hiddenDir,
      bridge: this.#home.bridge,
      card: this.#nextCard(),
      mac: macOf(this.ip),
      consolePath: this.consolePath,
    });
    this.#process = started;
    void started.exited.then((code) => this.#onExit(started, code));
  }

  /** Only for an end that nobody here asked for: `stop` forgets the process before it signals it. */
  #onExit(ended: BoxProcess, code: number | null): void {
    if (this.#process !== ended) return;
    this.#process = undefined;
    const reason = code === 129 ? 'reboot' : code === 0 ? 'poweroff' : 'died';
    const back = reason === 'reboot' ? this.start().catch(() => {}) : Promise.resolve();
    void back.then(() => this.#options.onExit?.(reason));
  }

  async stop({ graceS = 5 }: { graceS?: number } = {}): Promise<void> {
    const ended = this.#process;
    this.#process = undefined;
    await ended?.stop(graceS);
  }

  async exec(
    argv: readonly string[],
    options: { input?: string; timeoutS?: number } = {},
  ): Promise<CommandResult> {
    const pid = this.pid;
    if (pid === undefined) throw new MusterError('CONFLICT', `box ${this.name} is stopped`);
    // timeout(1) runs inside, because killing nsenter would leave the command alive in the box.
    const limit = ['timeout', '--kill-after=2', String(options.timeoutS ?? 60)];
    const enter = ['nsenter', '-t', String(pid), '-m', '-u', '-i', '-n', '-p', '-r', '-w', '--'];
    const argvInside = ['env', '-i', ...INSIDE_ENV, INSIDE_PATH, ...limit, ...argv];
    return run([...enter, ...argvInside], options.input === undefined ? {} : { input: options.input });
  }

  async refreshHosts(): Promise<void> {
    if (this.#process === undefined) return; // the next boot asks for them anyway
    const input = renderHosts(this.#home.hosts(), this.#options);
    await this.exec(['sh', '-c', REWRITE_HOSTS], { input });
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    await this.stop({ graceS: 0 });
    await rm(this.#diskDir, { recursive: true, force: true });
  }
}

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { type BoxProcess, startBoxProcess } from './box-process.ts';
import { type CommandResult, run, runOk } from './process.ts';

/** A directory of the lab that a box sees at `to`. */
export interface BoxBind {
  from: string;
  to: string;
  mode: 'ro' | 'rw';
}

/** What a box is made of. */
export interface BoxOptions {
  /** Unique in the lab; also the name of its disk and console files. */
  name: string;
  /** Its address within 10.77.0.0/16. */
  ip: string;
  /** Its host name, short or full (`ip-10-77-3-1`, `puppet-eu.lab.test`). */
  hostname: string;
  /** More lines for /etc/hosts, below the lab's own. Default: the address with `hostname`. */
  hostsTail?: string;
  /** Shell text that runs once, at the first boot, chrooted in the new root. Stops at the first failing command. */
  prepare?: string;
  binds?: readonly BoxBind[];
  /** Told when the box went down by itself: `poweroff` inside it, or its pid 1 died. After `reboot` it is up again. */
  onExit?: (reason: 'poweroff' | 'reboot' | 'died') => void;
}

/** A little machine with its own root, network, host name and processes. */
export interface Box {
  readonly name: string;
  readonly ip: string;
  /** What its init and boot scripts print: STATE_DIR/log/box-NAME.log. */
  readonly consolePath: string;
  /** Process id of its pid 1 as the lab sees it, or undefined while it is stopped. */
  readonly pid: number | undefined;
  /**
   * Runs `argv` inside as root. After `timeoutS` (default 60) seconds it is killed and the code is 124.
   * Throws CONFLICT while the box is stopped.
   */
  exec(argv: readonly string[], options?: { input?: string; timeoutS?: number }): Promise<CommandResult>;
  /** Powers it off: SIGTERM to pid 1, SIGKILL to all of it after `graceS` (default 5) seconds. The disk stays. */
  stop(options?: { graceS?: number }): Promise<void>;
  /** Boots a stopped box with the disk that it had. */
  start(): Promise<void>;
  /** Writes /etc/hosts anew, after the lab's hosts changed. */
  refreshHosts(): Promise<void>;
  /** Ends every process in it and throws its disk away. Safe to repeat. */
  destroy(): Promise<void>;
}

/** Where the boxes of one lab live. */
export interface BoxHome {
  /** Directory on a tmpfs for the disks. */
  disksDir: string;
  /** Directory of the console logs. */
  logDir: string;
  /** Directory that no box may see (the lab's state, with its keys). */
  hiddenDir: string;
  bridge: string;
  /** Head of every /etc/hosts, asked for at each boot. */
  hosts: () => string;
}

/** Makes and boots a box. Throws LAB_FAILED with the last console lines. */
export type CreateBox = (options: BoxOptions) => Promise<Box>;

const INSIDE_ENV = ['HOME=/root', 'TERM=dumb', 'LANG=C.UTF-8'];
const INSIDE_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The hardware address that follows from `ip`, as EC2's metadata tells it: a box keeps it over reboots. */
export function macOf(ip: string): string {
  const octets = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '4d', ...octets].join(':');
}

/** The /etc/hosts of a box: the lab's lines, then its own. */
export function renderHosts(
  head: string,
  options: Pick<BoxOptions, 'ip' | 'hostname' | 'hostsTail'>,
): string {
  const short = options.hostname.split('.')[0] ?? options.hostname;
  const names = short === options.hostname ? short : `${options.hostname} ${short}`;
  return `${head.trimEnd()}\n${options.hostsTail?.trimEnd() ?? `${options.ip} ${names}`}\n`;
}

/** Gives the function that makes boxes for one lab. Must run as root in the lab's own namespaces. */
export function boxFactory(home: BoxHome): CreateBox {
  // Each boot gets a card of a new name: the kernel takes the old one away some time after its box ended.
  let cards = 0;
  const nextCard = () => `bx${++cards}`;
  return async (options) => {
    const box = new NamespaceBox(home, options, nextCard);
    await box.create();
    return box;
  };
}

class NamespaceBox implements Box {
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
    await this.exec(['sh', '-c', 'cat > /etc/hosts'], { input });
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    await this.stop({ graceS: 0 });
    await rm(this.#diskDir, { recursive: true, force: true });
  }
}

/** Makes the bridge that all boxes are plugged in, with the lab's own addresses on it. */
export async function createBridge(bridge: string, addresses: readonly string[]): Promise<void> {
  const lines = [
    `link add ${bridge} type bridge`,
    ...addresses.map((one) => `addr add ${one} dev ${bridge}`),
  ];
  await runOk('making the bridge', ['ip', '-batch', '-'], {
    input: `${lines.join('\n')}\nlink set ${bridge} up\n`,
  });
}

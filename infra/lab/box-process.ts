import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MusterError } from '../../src/core/errors.ts';
import type { BoxBind } from './box.ts';
import { readLines } from './lines.ts';
import { lastLines, runOk } from './process.ts';

/** A booted box as the lab holds it: one unshare(1) whose only child is pid 1 of the box. */
export interface BoxProcess {
  /** Process id of the box's pid 1, as the lab sees it. */
  readonly pid: number;
  /** Settles when everything in the box has ended, with the exit code of its pid 1 (null after a signal). */
  readonly exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL after `graceS` seconds (at once for 0). Returns when everything in the box has ended. */
  stop(graceS: number): Promise<void>;
}

/** All that the init script needs to know. */
export interface BoxProcessOptions {
  name: string;
  ip: string;
  hostname: string;
  diskDir: string;
  hiddenDir: string;
  bridge: string;
  /** Name of the lab's end of its network card, and hardware address of the box's end. */
  card: string;
  mac: string;
  consolePath: string;
  binds: readonly BoxBind[];
}

const INIT = fileURLToPath(new URL('box/init.sh', import.meta.url));
const NAMESPACES = [
  '--net',
  '--mount',
  '--uts',
  '--ipc',
  '--pid',
  '--fork',
  '--kill-child',
  '--propagation',
  'private',
];
const BOOT_LIMIT_S = 60;

/** Boots a box and waits until its own pid 1 runs. Throws LAB_FAILED with the last console lines. */
export async function startBoxProcess(options: BoxProcessOptions): Promise<BoxProcess> {
  const child = spawnInit(options);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), BOOT_LIMIT_S * 1000);
  const words = readLines(child.stdio[4] as Readable);
  try {
    await expectWord(words, 'card?', options);
    const pid = await childOf(child.pid);
    await plugIn(options, pid);
    (child.stdio[3] as Writable).end('go\n');
    await expectWord(words, 'up', options);
    return { pid, exited, stop: (graceS) => stop(pid, exited, graceS) };
  } catch (error) {
    child.kill('SIGKILL'); // --kill-child takes the box along
    await exited;
    throw error;
  } finally {
    clearTimeout(limit);
  }
}

function spawnInit(options: BoxProcessOptions): ChildProcess {
  const binds = options.binds.map((bind) => `${bind.from}:${bind.to}:${bind.mode}`);
  const files = [join(options.diskDir, 'hosts'), join(options.diskDir, 'prepare')];
  const args = [
    options.hostname.split('.')[0] ?? options.name,
    options.ip,
    options.diskDir,
    ...files,
    options.hiddenDir,
    ...binds,
  ];
  const consoleFd = openSync(options.consolePath, 'a', 0o600);
  try {
    const stdio = ['ignore', consoleFd, consoleFd, 'pipe', 'pipe'] as const;
    const child = spawn('unshare', [...NAMESPACES, INIT, ...args], { stdio: [...stdio], detached: true });
    (child.stdio[3] as Writable).on('error', () => {}); // the box may die before it reads
    return child;
  } finally {
    closeSync(consoleFd);
  }
}

/** Makes the box's network card; both ends vanish with the box. */
async function plugIn(options: BoxProcessOptions, pid: number): Promise<void> {
  const { card, mac, bridge, name } = options;
  const input = `link add ${card} type veth peer name eth0 address ${mac} netns ${pid}\nlink set ${card} master ${bridge} up\n`;
  await runOk(`plugging in ${name}`, ['ip', '-batch', '-'], { input });
}

async function expectWord(
  words: AsyncGenerator<string, void>,
  word: string,
  options: BoxProcessOptions,
): Promise<void> {
  const next = await words.next();
  if (next.done !== true && next.value === word) return;
  const text = await readFile(options.consolePath, 'utf8').catch(() => '');
  const details = lastLines(text, 15);
  throw new MusterError('LAB_FAILED', `box ${options.name} did not boot, see ${options.consolePath}`, {
    details,
  });
}

/** The only child of unshare(1). */
async function childOf(parent: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  return Number(text.trim().split(' ')[0]);
}

async function stop(pid: number, exited: Promise<number | null>, graceS: number): Promise<void> {
  signal(pid, graceS > 0 ? 'SIGTERM' : 'SIGKILL');
  const timer = setTimeout(() => signal(pid, 'SIGKILL'), graceS * 1000);
  await exited;
  clearTimeout(timer);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime.
  }
}

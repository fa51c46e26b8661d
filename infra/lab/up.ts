import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../../src/core/errors.ts';
import { type Container, startContainer } from './container.ts';
import { untilGone } from './down.ts';
import { buildLabInfo, type LabInfo } from './info.ts';
import { makeFolders } from './lab-folders.ts';
import { DEFAULT_STATE_DIR, type LabPaths, labPaths } from './layout.ts';
import { isLocked } from './lock.ts';
import type { ProgressEvent } from './progress.ts';
import { checkSupport } from './support.ts';

export { labDown } from './down.ts';
export { type LabState, labStatus } from './status.ts';

/** A unix socket's path has at most 107 bytes. */
const SOCKET_PATH_BYTES = 107;

/** How to start a lab. */
export interface LabUpOptions {
  stateDir?: string;
  /** True: the lab ends with this process. False: it stays until `labDown`. */
  attached: boolean;
  /** False: without Puppet Servers, which take most of the time; `addMaster` can make some later. Default true. */
  masters?: boolean;
  onProgress?: (event: ProgressEvent) => void;
  /** Gives the start up; a lab that is up already is not touched. */
  signal?: AbortSignal;
}

/** A lab that is up. */
export interface RunningLab {
  readonly info: LabInfo;
  /** Settles when it has ended, whoever ended it. */
  readonly exited: Promise<unknown>;
  /** Ends it and waits until nothing is left. */
  stop(): Promise<void>;
}

/**
 * Starts a lab and waits until every part of it serves. What an earlier lab left in `stateDir` is thrown away.
 * Writes `lab.json` and a controller's config, `muster.yaml`, there.
 * Throws LAB_UNSUPPORTED and USAGE before it touches anything, CONFLICT when a lab runs in `stateDir`, LAB_FAILED.
 */
export async function labUp(options: LabUpOptions): Promise<RunningLab> {
  await checkSupport();
  const { attached, masters = true } = options;
  const paths = labPaths(options.stateDir ?? DEFAULT_STATE_DIR);
  if (Buffer.byteLength(paths.controlSocket) > SOCKET_PATH_BYTES) {
    throw new MusterError('USAGE', `the path ${paths.root} is too long for a socket in it`);
  }
  await refuseForeignDir(paths);
  if (await isLocked(paths.lock)) throw new MusterError('CONFLICT', `a lab runs in ${paths.root} already`);
  await mkdir(paths.log, { recursive: true, mode: 0o700 });
  await chmod(paths.root, 0o700);
  const container = await startContainer(paths, { attached, masters }, () => clean(paths));
  await writeFile(paths.pid, String(container.pid));
  options.signal?.addEventListener('abort', container.kill, { once: true });
  const stop = async () => {
    container.kill();
    await untilGone(paths, container.subnet.hostAddress);
  };
  try {
    await untilReady(container, options.onProgress ?? (() => {}));
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', container.kill);
  }
  const info = buildLabInfo(paths, container.subnet, container.pid);
  await writeFile(paths.labJson, JSON.stringify(info, undefined, 2), { mode: 0o600 });
  if (!attached) container.detach();
  return { info, exited: container.exited, stop };
}

/** What is in the directory will be thrown away, so it must be a lab's. */
async function refuseForeignDir(paths: LabPaths): Promise<void> {
  const names: string[] = await readdir(paths.root).catch(() => []);
  if (names.every((name) => name === 'log') || names.includes('lock')) return;
  throw new MusterError('USAGE', `${paths.root} holds other things than a lab's`);
}

/** A lab starts from nothing: its masters have new CAs, so whatever Redis knew of the last ones is wrong. */
async function clean(paths: LabPaths): Promise<void> {
  const keep = new Set(['lock', 'log']);
  for (const name of await readdir(paths.root)) {
    if (!keep.has(name)) await rm(join(paths.root, name), { recursive: true, force: true });
  }
  for (const name of await readdir(paths.log)) {
    if (join(paths.log, name) !== paths.supervisorLog) await rm(join(paths.log, name), { force: true });
  }
  await makeFolders(paths);
}

async function untilReady(container: Container, onProgress: (event: ProgressEvent) => void): Promise<void> {
  for await (const line of container.lines) {
    const event = JSON.parse(line) as ProgressEvent;
    onProgress(event);
    if (event.event === 'failed')
      throw new MusterError('LAB_FAILED', event.message, { details: event.details });
    if (event.event === 'ready') return;
  }
  throw new MusterError(
    'LAB_FAILED',
    'the lab ended while it started, see log/supervisor.log in its state directory',
  );
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MusterError } from '../../src/core/errors.ts';
import { type LabPaths, REPO_DIR } from './layout.ts';
import { readLines } from './lines.ts';
import { withFileLock } from './lock.ts';
import { lastLines, runOk } from './process.ts';
import { type LinkSubnet, pickSubnet, usedNetworks } from './subnet.ts';

/** How a lab is started. */
export interface ContainerStart {
  /** Does it die with this process? */
  attached: boolean;
  /** Does it start with its Puppet Servers? */
  masters: boolean;
}

/** A started lab, as its starter holds it. */
export interface Container {
  /** The process whose end takes the whole lab along. */
  readonly pid: number;
  readonly subnet: LinkSubnet;
  /** What the supervisor reports, line by line. */
  readonly lines: AsyncGenerator<string, void>;
  /** Settles with the exit code when everything in the lab has ended. */
  readonly exited: Promise<number | null>;
  /** Lets go of it, so that it outlives this process. */
  detach(): void;
  kill(): void;
}

const INIT = fileURLToPath(new URL('container/init.sh', import.meta.url));
// One lock for all labs of this host: two that start at the same moment must not pick the same addresses.
const NETWORK_LOCK = '/run/lock/muster-lab-network.lock';
const NAMESPACES = ['--net', '--pid', '--mount', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'];
/** Exit code of flock(1) when another lab holds the state directory. */
const LOCKED = 75;

/**
 * Starts the lab's namespaces and, inside, the supervisor. An attached lab dies with this process, however that ends.
 * `prepare` runs once the state directory is this lab's alone. Throws CONFLICT when a lab runs in this state directory, LAB_FAILED when it dies at once.
 */
export async function startContainer(
  paths: LabPaths,
  start: ContainerStart,
  prepare: () => Promise<void>,
): Promise<Container> {
  const child = spawnInit(paths, start);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const lines = readLines(child.stdio[4] as Readable);
  const first = await lines.next();
  if (first.done === true || first.value !== 'card?') throw await startFailure(await exited, paths);
  await prepare();
  const subnet = await connect(child.pid);
  const control = child.stdio[3] as Writable;
  control.write(`${subnet.hostAddress} ${subnet.labAddress}\n`);
  const detach = () => {
    control.destroy();
    child.stdio[4]?.destroy();
    child.unref();
  };
  return { pid: child.pid ?? 0, subnet, lines, exited, detach, kill: () => child.kill('SIGKILL') };
}

function spawnInit(paths: LabPaths, { attached, masters }: ContainerStart): ChildProcess {
  const mode = attached ? 'attached' : 'detached';
  const lock = ['flock', '--nonblock', '--no-fork', '-E', String(LOCKED), paths.lock];
  const namespaces = ['unshare', ...NAMESPACES, '--propagation', 'private'];
  const init = [INIT, process.execPath, paths.root, mode, masters ? 'with-masters' : 'no-masters'];
  // The lock's descriptor is inherited by all: it is free again when the last process of the lab is gone.
  const argv = [...(attached ? ['setpriv', '--pdeathsig', 'KILL'] : []), ...lock, ...namespaces, ...init];
  const log = openSync(paths.supervisorLog, 'a', 0o600);
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: REPO_DIR,
    stdio: ['ignore', log, log, 'pipe', 'pipe'],
    detached: true, // else Ctrl-C in a terminal would reach every process of the lab
  });
  closeSync(log);
  (child.stdio[3] as Writable).on('error', () => {});
  return child;
}

/** Gives the lab its card to the host. Both ends vanish with the lab. */
async function connect(outerPid: number | undefined): Promise<LinkSubnet> {
  const text = await readFile(`/proc/${outerPid}/task/${outerPid}/children`, 'utf8');
  const pid = text.trim().split(' ')[0] ?? '';
  return withFileLock(NETWORK_LOCK, async () => {
    const subnet = pickSubnet(await usedNetworks());
    if (subnet === undefined) throw new MusterError('LAB_FAILED', 'no free network within 100.127.0.0/16');
    const card = `mlab${subnet.index}`;
    const input = `link add ${card} type veth peer name host0 netns ${pid}
addr add ${subnet.hostAddress}/30 dev ${card}\nlink set ${card} up\n`;
    await runOk('connecting host and lab', ['ip', '-batch', '-'], { input });
    return subnet;
  });
}

async function startFailure(code: number | null, paths: LabPaths): Promise<MusterError> {
  if (code === LOCKED) return new MusterError('CONFLICT', `a lab runs in ${paths.root} already`);
  const text = await readFile(paths.supervisorLog, 'utf8').catch(() => '');
  const details = lastLines(text, 15);
  return new MusterError('LAB_FAILED', `the lab did not start, see ${paths.supervisorLog}`, { details });
}

import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../agent/temp.ts';

const run = promisify(execFile);

/** A systemd of Debian as process 1 of its own world: own processes, cgroups, /run, /var/lib and units; other files and the network are the machine's. */
export interface TestSystemd {
  /** A program that is `systemctl` of this systemd. */
  readonly systemctl: string;
  /** Starts a process that belongs to a service which runs, as if the service had started it; gives its number in that world. */
  startIn(unit: string, argv: readonly string[]): Promise<string>;
  /** Runs a program in that world; gives what it prints. Throws when it ends with anything but 0. */
  inside(argv: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const CGROUPS = '/sys/fs/cgroup';
/** *Source:* systemd on a machine with cgroups of version 1: its own hierarchies, and the controllers that it sets. */
const HIERARCHIES = ['systemd', 'unified', 'memory', 'pids', 'cpu', 'cpuacct', 'blkio', 'devices'];
const READY_MS = 20_000;
/** Targets that every service wants. Debian's own would start the services of a whole machine. */
const TARGETS = ['sysinit', 'basic', 'multi-user', 'shutdown', 'network-online'];

/**
 * Hides what belongs to the machine, lays the units, and becomes systemd. `$1`: folder with the units. Cgroups are mounted
 * anew, or systemd would make its own at the root of the machine's.
 */
const BOOT = `set -e
mount --make-rprivate /
if [ -e ${CGROUPS}/cgroup.controllers ]; then mount -t cgroup2 cgroup2 ${CGROUPS}; else
  mount -t tmpfs tmpfs ${CGROUPS}
  mkdir ${CGROUPS}/systemd ${CGROUPS}/unified
  mount -t cgroup -o none,name=systemd cgroup ${CGROUPS}/systemd
  mount -t cgroup2 cgroup2 ${CGROUPS}/unified
fi
for dir in /run /var/lib /etc/systemd/system /usr/lib/systemd/system /usr/lib/systemd/system-generators; do
  mount -t tmpfs tmpfs "$dir"
done
cp "$1"/* /etc/systemd/system/
exec env container=muster /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=null`;

/** Starts `$@` and puts it into the cgroups of the unit `$0`. */
const START_IN = `set -e
"$@" >/dev/null 2>&1 &
group=$(systemctl show --property=ControlGroup --value "$0")
for root in ${CGROUPS} ${CGROUPS}/systemd ${CGROUPS}/unified; do
  if [ -e "$root$group/cgroup.procs" ]; then echo $! >"$root$group/cgroup.procs"; fi
done
echo $!`;

/** Enters cgroups of its own, then new namespaces. `$1`: how many cgroups follow. */
const ENTER = `set -e
count=$1; shift
while [ "$count" -gt 0 ]; do echo $$ >"$1/cgroup.procs"; shift; count=$((count - 1)); done
exec unshare --pid --fork --mount --cgroup --uts --ipc --mount-proc --kill-child sh -c "$@"`;

/** Boots systemd with these units alone (file name to text). It ends with `stop()`, or with this process. */
export async function startSystemd(
  dir: string,
  units: Readonly<Record<string, string>>,
): Promise<TestSystemd> {
  const unitsDir = join(dir, 'units');
  mkdirSync(unitsDir);
  for (const name of TARGETS)
    writeFileSync(join(unitsDir, `${name}.target`), `[Unit]\nDescription=${name}\nDefaultDependencies=no\n`);
  for (const [name, text] of Object.entries(units)) writeFileSync(join(unitsDir, name), text);
  const cgroups = ownCgroups();
  const argv = ['sh', '-c', ENTER, 'enter', String(cgroups.length), ...cgroups, BOOT, 'boot', unitsDir];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const systemctl = join(dir, 'systemctl');
  const inside = async (words: readonly string[]) =>
    (await run('nsenter', ['-t', String(firstChild(child.pid ?? 0)), '-a', ...words])).stdout;
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    for (const cgroup of cgroups) await eventually(() => removed(cgroup), READY_MS);
  };
  try {
    await eventually(
      () =>
        inside(['systemctl', 'is-active', 'multi-user.target']).then(
          () => true,
          () => false,
        ),
      READY_MS,
    );
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  writeFileSync(systemctl, `#!/bin/sh\nexec nsenter -t ${firstChild(child.pid ?? 0)} -a systemctl "$@"\n`);
  chmodSync(systemctl, 0o755);
  const startIn = async (unit: string, words: readonly string[]) =>
    (await inside(['sh', '-c', START_IN, unit, ...words])).trim();
  return { systemctl, inside, startIn, stop };
}

/** New cgroups, one in each hierarchy that systemd uses here; the first has its units. */
function ownCgroups(): string[] {
  const roots = existsSync(join(CGROUPS, 'cgroup.controllers'))
    ? [CGROUPS]
    : HIERARCHIES.map((name) => join(CGROUPS, name)).filter((root) => existsSync(root));
  const made = roots.map((root) => join(root, `muster-test-${process.pid}-${Date.now()}`));
  for (const cgroup of made) mkdirSync(cgroup);
  return made;
}

/** Process 1 of the new world, as this one sees it. */
function firstChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

/** Removes a cgroup and those in it; false while a process of it is still dying. */
async function removed(cgroup: string): Promise<boolean> {
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true }))
      if (entry.isDirectory() && !(await removed(join(cgroup, entry.name)))) return false;
    rmdirSync(cgroup);
    return true;
  } catch {
    return !existsSync(cgroup);
  }
}

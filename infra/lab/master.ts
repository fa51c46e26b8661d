import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { MusterError } from '../../src/core/errors.ts';
import type { Box, CreateBox } from './box.ts';
import { type LabPaths, REPO_DIR } from './layout.ts';
import { type MasterSpec, masterDaemonConfig, masterFacts, masterFqdn } from './master-config.ts';
import { lastLines } from './process.ts';

const FOLDER = fileURLToPath(new URL('master', import.meta.url));
const READY_FILE = 'run/puppetserver/restart';
const BOOT_LIMIT_S = 300;
const DAEMON_LIMIT_S = 120;
// Half the boot time and two thirds of the memory of the defaults; throughput is bound by the agents anyway.
const JAVA_FLAGS =
  '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote';

/** Boots a box with Puppet Server in it; the server itself starts behind that. */
export async function bootMaster(paths: LabPaths, createBox: CreateBox, spec: MasterSpec): Promise<Box> {
  const read = (file: string) => readFile(join(FOLDER, file), 'utf8');
  const [configure, server, daemon] = await Promise.all(
    ['configure.sh', 'puppetserver-lab.sh', 'muster-daemon.sh'].map(read),
  );
  const settings = {
    name: spec.name,
    fqdn: masterFqdn(spec),
    heap: '512m',
    jrubies: '2',
    java_flags: JAVA_FLAGS,
  };
  const prepare = [
    ...Object.entries(settings).map(([key, value]) => `${key}='${value}'`),
    script('/etc/init.d/puppetserver-lab', server ?? ''),
    script('/etc/init.d/muster-daemon', daemon ?? ''),
    configure,
  ];
  return createBox({
    name: spec.name,
    ip: spec.ip,
    hostname: masterFqdn(spec),
    hostsTail: '', // its name is among the lab's hosts
    prepare: prepare.join('\n'),
    binds: [
      { from: paths.code, to: '/etc/puppet/code', mode: 'ro' },
      { from: REPO_DIR, to: REPO_DIR, mode: 'ro' },
    ],
  });
}

function script(path: string, text: string): string {
  return `cat > ${path} <<'MUSTER_END'\n${text}MUSTER_END\nchmod 755 ${path}`;
}

/** Waits until Puppet Server serves. Throws LAB_FAILED with the last console lines. */
export async function waitForPuppetServer(box: Box): Promise<void> {
  const endAtMs = performance.now() + BOOT_LIMIT_S * 1000;
  while (performance.now() < endAtMs) {
    const word = await readFile(`/proc/${box.pid}/root/${READY_FILE}`, 'utf8').catch(() => '');
    if (word === '1') return;
    const pid = await readFile(`/proc/${box.pid}/root/run/puppetserver/pid`, 'utf8').catch(() => '');
    if (pid !== '' && !(await javaRuns(box, pid.trim()))) break;
    await sleep(300);
  }
  const text = await readFile(box.consolePath, 'utf8').catch(() => '');
  const details = lastLines(text, 15);
  throw new MusterError('LAB_FAILED', `Puppet Server of ${box.name} did not start, see ${box.consolePath}`, {
    details,
  });
}

async function javaRuns(box: Box, pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${box.pid}/root/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !status.includes(') Z ');
}

/** A first agent run on the master itself, as on any real master; it leaves the server warm. */
export async function warmMaster(box: Box): Promise<void> {
  const flags = [
    '--onetime',
    '--no-daemonize',
    '--detailed-exitcodes',
    '--no-usecacheonfailure',
    '--waitforcert',
    '0',
  ];
  const argv = ['puppet', 'agent', ...flags, '--color=false', '--verbose', '--environment', 'bootstrap'];
  const result = await box.exec(argv, { timeoutS: 240 });
  if (result.code === 0 || result.code === 2) return;
  const details = lastLines(`${result.stdout}\n${result.stderr}`, 15);
  throw new MusterError('LAB_FAILED', `puppet agent on ${box.name} ended with ${result.code}`, { details });
}

/** Gives the master its bus certificate, facts and config, and starts Muster's daemon in it. */
export async function startMasterDaemon(paths: LabPaths, box: Box, spec: MasterSpec): Promise<void> {
  const pki = (file: string) => readFile(join(paths.pki, file), 'utf8');
  const [ca, certificate, key] = await Promise.all([
    pki('ca.pem'),
    pki(`${masterFqdn(spec)}.pem`),
    pki(`${masterFqdn(spec)}.key`),
  ]);
  await writeInBox(box, '/etc/muster/ca.pem', ca, '644');
  await writeInBox(box, '/etc/muster/node.pem', certificate, '644');
  await writeInBox(box, '/etc/muster/node.key', key, '600');
  await writeInBox(box, '/etc/muster/facts.d/lab.yaml', stringify(masterFacts(spec)), '644');
  await writeInBox(box, '/etc/muster/daemon.yaml', stringify(masterDaemonConfig(spec)), '600');
  const defaults = `NODE='${process.execPath}'\nMAIN='${join(REPO_DIR, 'agent/main.ts')}'\n`;
  await writeInBox(box, '/etc/default/muster-daemon', defaults, '644');
  await box.exec(['/etc/init.d/muster-daemon', 'start']);
}

/** Waits until the daemon of a master is on the bus. Throws LAB_FAILED with the last lines of its log. */
export async function waitForDaemon(box: Box, connected: () => Promise<boolean>): Promise<void> {
  const endAtMs = performance.now() + DAEMON_LIMIT_S * 1000;
  while (!(await connected().catch(() => false))) {
    if (performance.now() > endAtMs) {
      const { stdout } = await box.exec(['tail', '-n', '15', '/var/log/muster-daemon.log']);
      const details = lastLines(stdout, 15);
      throw new MusterError('LAB_FAILED', `the daemon of ${box.name} is not on the bus`, { details });
    }
    await sleep(200);
  }
}

async function writeInBox(box: Box, path: string, text: string, mode: string): Promise<void> {
  // Not install(1) from /dev/stdin: Node's pipes are sockets, which cannot be opened by name.
  const copy = 'umask 077 && mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"';
  const result = await box.exec(['sh', '-c', copy, path, mode], { input: text });
  if (result.code !== 0)
    throw new MusterError('LAB_FAILED', `cannot write ${path} in ${box.name}: ${result.stderr}`);
}

import { existsSync } from 'node:fs';
import { MusterError } from '../../src/core/errors.ts';
import { lastLines, run } from './process.ts';

/** Programs that the lab starts, and a file of each package that has no program in PATH. */
const NEEDED = [
  '/etc/debian_version',
  '/usr/bin/unshare',
  '/usr/bin/nsenter',
  '/usr/bin/flock',
  '/usr/bin/setpriv',
  '/usr/sbin/ip',
  '/usr/bin/redis-server',
  '/usr/lib/rabbitmq/bin/rabbitmq-server',
  '/usr/bin/prosody',
  '/usr/bin/puppet',
  '/usr/bin/java',
  '/usr/bin/cloud-init',
  '/usr/share/puppetserver/puppetserver.jar',
];

// Tries in namespaces of its own all that a lab asks of the kernel; nothing of it outlives the shell.
const PROBE = `mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r
ip link add br0 type bridge && ip link add probe0 type veth peer name probe1 && test -w /proc/sys/net/ipv4/ip_forward`;

/**
 * Looks whether this machine can run a lab, without changing anything on it.
 * Throws LAB_UNSUPPORTED with one line that says what is missing.
 */
export async function checkSupport(): Promise<void> {
  if (process.platform !== 'linux') throw unsupported('the lab runs on Linux only');
  if (process.getuid?.() !== 0) throw unsupported('the lab needs root');
  const missing = NEEDED.filter((file) => !existsSync(file));
  if (missing.includes('/etc/debian_version')) throw unsupported('the lab runs on Debian only');
  if (missing.length > 0) throw unsupported(`${missing.join(', ')} missing: run node infra/setup.mjs lab`);
  const namespaces = ['--net', '--pid', '--mount', '--uts', '--ipc', '--fork', '--mount-proc'];
  const probe = await run(['unshare', ...namespaces, '--propagation', 'private', 'sh', '-ec', PROBE]);
  if (probe.code === 0) return;
  throw unsupported(
    `the kernel refuses what a lab needs: ${lastLines(probe.stderr, 1)[0] ?? `code ${probe.code}`}`,
  );
}

function unsupported(message: string): MusterError {
  return new MusterError('LAB_UNSUPPORTED', message);
}

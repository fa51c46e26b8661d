import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { DaemonConfig } from '../../src/core/config/daemon.ts';
import { MusterError } from '../../src/core/errors.ts';
import { exists, type Owner, readIfThere } from '../files.ts';
import { readSetting } from './conf.ts';

/** Where Puppet is and keeps its files on this node. */
export interface PuppetPaths {
  /** null when Puppet is not installed (yet). */
  readonly bin: string | null;
  readonly confDir: string;
  readonly sslDir: string;
  readonly stateDir: string;
  /** Where the summary of the last run is. */
  readonly publicDir: string;
  /** Pid file of a resident agent. */
  readonly pidFile: string;
  /** Options that tell the puppet program of folders which the config overrides. */
  readonly options: readonly string[];
  /** Whom Puppet's ssl files belong to; undefined: root, or whoever runs the daemon. */
  readonly owner: Owner | undefined;
}

interface Layout {
  readonly bin: string;
  readonly confDir: string;
  readonly sslDir: string;
  readonly stateDir: string;
  readonly publicDir: string;
  readonly pidFile: string;
}

/** The usual places. *Source:* Debian's puppet-agent 7.23 and Puppet's own packages (puppet docs, "dirs_confdir"). */
const LAYOUTS: readonly [Layout, ...Layout[]] = [
  {
    bin: '/usr/bin/puppet',
    confDir: '/etc/puppet',
    sslDir: '/var/lib/puppet/ssl',
    stateDir: '/var/cache/puppet/state',
    publicDir: '/var/cache/puppet/public',
    pidFile: '/run/puppet/agent.pid',
  },
  {
    bin: '/opt/puppetlabs/bin/puppet',
    confDir: '/etc/puppetlabs/puppet',
    sslDir: '/etc/puppetlabs/puppet/ssl',
    stateDir: '/opt/puppetlabs/puppet/cache/state',
    publicDir: '/opt/puppetlabs/puppet/public',
    pidFile: '/var/run/puppetlabs/agent.pid',
  },
];

/** Finds Puppet: config first, then puppet.conf, then the place of the package that is installed. No process is started. */
export async function findPuppet(config: DaemonConfig['puppet']): Promise<PuppetPaths> {
  const layout = await installedLayout();
  const confDir = config.conf_dir ?? layout.confDir;
  const confText = (await readIfThere(join(confDir, 'puppet.conf'))) ?? '';
  const overrides = {
    confdir: config.conf_dir,
    ssldir: config.ssl_dir,
    statedir: config.state_dir,
    publicdir: config.public_dir,
  };
  const given = Object.entries(overrides).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const rundir = plainPath(readSetting(confText, 'rundir'));
  return {
    bin: await binOf(config.bin, layout),
    confDir,
    sslDir: config.ssl_dir ?? plainPath(readSetting(confText, 'ssldir')) ?? layout.sslDir,
    stateDir: config.state_dir ?? plainPath(readSetting(confText, 'statedir')) ?? layout.stateDir,
    publicDir: config.public_dir ?? plainPath(readSetting(confText, 'publicdir')) ?? layout.publicDir,
    pidFile: rundir === undefined ? layout.pidFile : join(rundir, 'agent.pid'),
    options: given.flatMap(([name, value]) => [`--${name}`, value]),
    owner: await puppetUser(),
  };
}

/** The puppet program; one that was missing at the start is looked for again, an image may install it late. Throws PUPPET_MISSING. */
export async function puppetProgram(paths: Pick<PuppetPaths, 'bin'>): Promise<string> {
  const places = paths.bin === null ? LAYOUTS.map(({ bin }) => bin) : [paths.bin];
  for (const place of places) if (await exists(place)) return place;
  throw new MusterError('PUPPET_MISSING', `there is no puppet program at ${places.join(' or ')}`);
}

async function installedLayout(): Promise<Layout> {
  for (const layout of LAYOUTS) if (await exists(layout.bin)) return layout;
  return LAYOUTS[0];
}

async function binOf(configured: string | undefined, layout: Layout): Promise<string | null> {
  if (configured !== undefined) return configured;
  return (await exists(layout.bin)) ? layout.bin : null;
}

/** A setting that refers to others (`$vardir/ssl`) is left to its usual value. */
function plainPath(value: string | undefined): string | undefined {
  return value?.startsWith('/') && !value.includes('$') ? value : undefined;
}

/** User `puppet`, as Puppet itself does when it runs as root. *Source:* `owner => service` in puppet/defaults.rb. */
async function puppetUser(): Promise<Owner | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const line = ((await readIfThere('/etc/passwd')) ?? '')
    .split('\n')
    .find((entry) => entry.startsWith('puppet:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

import { MusterError } from '../../src/core/errors.ts';
import { ROOT_ENV, runProgram } from '../program.ts';
import { expectGood, runSpooled, type SpooledEnd } from '../spooled.ts';

/** A package as dpkg knows it. */
export interface PackageState {
  readonly name: string;
  /** Version, `absent` when only its settings are left, `purged` when there is nothing. */
  readonly ensure: string;
  readonly version: string | null;
  readonly arch: string | null;
  /** In dpkg's words: `installed` when all is well, or such as `half-configured`; `not-installed` for one that it never heard of. */
  readonly state: string;
  readonly provider: 'apt';
}

/** What an upgrade would do with one package. */
export interface Outdated {
  readonly package: string;
  readonly version: string;
  /** null: it would be newly installed. */
  readonly installed: string | null;
}

const LOOK_MS = 30_000;
/**
 * Far beyond the time of an action: dpkg that is killed in the middle leaves the machine in pieces, so it ends by itself
 * even when nobody waits for it any more.
 */
const CHANGE_MS = 4 * 3_600_000;
const LIST_BYTES = 8 * 1024 * 1024;
const ENV = {
  ...ROOT_ENV,
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
};
/** Quiet, never asking; a settings file that somebody has changed stays; others' locks are waited for. */
const OPTIONS = [
  '-q',
  '-y',
  '-o',
  'DPkg::Lock::Timeout=300',
  '-o',
  'Dpkg::Options::=--force-confdef',
  '-o',
  'Dpkg::Options::=--force-confold',
  '-o',
  'Dpkg::Use-Pty=0',
];

/** States in which files of the package are there. *Source:* dpkg(1), package states. */
const INSTALLED = [
  'installed',
  'unpacked',
  'half-configured',
  'half-installed',
  'triggers-awaited',
  'triggers-pending',
];

/** How a package stands on this machine. Throws PROGRAM_FAILED. *Source:* dpkg-query(1). */
export async function packageState(name: string, signal?: AbortSignal): Promise<PackageState> {
  const format = ['db:Status-Status', 'Version', 'Architecture', 'db:Status-Eflag']
    .map((field) => `\${${field}}\t`)
    .join('');
  const end = await runProgram('dpkg-query', ['-W', '-f', `${format}\n`, '--', name], look(signal));
  // 1: it has never heard of it.
  if (end.exitcode !== 0 && end.exitcode !== 1)
    throw new MusterError(
      'PROGRAM_FAILED',
      `dpkg-query ended with ${end.exitcode}: ${end.stderr.slice(0, 500)}`,
    );
  const lines = end.stdout.split('\n').map((line) => line.split('\t'));
  const own = { name, provider: 'apt' } as const;
  const installed = lines.find(([status]) => status !== undefined && INSTALLED.includes(status));
  if (installed !== undefined) {
    const [status = '', version = '', arch = '', flag = 'ok'] = installed;
    return { ...own, ensure: version, version, arch, state: flag === 'ok' ? status : `${status}, ${flag}` };
  }
  const left = lines.some(([status]) => status === 'config-files');
  const [ensure, state] = left ? ['absent', 'config-files'] : ['purged', 'not-installed'];
  return { ...own, ensure, version: null, arch: null, state };
}

/** Is it there, but not set up to its end, or in pieces? Pure. */
export function isBroken({ version, state }: Pick<PackageState, 'version' | 'state'>): boolean {
  return version !== null && state !== 'installed';
}

/**
 * Is there a package of exactly this name? Asked before apt-get is given a name: it would take one that it does not know
 * for a pattern, and change whatever fits. Throws NOT_FOUND. *Source:* apt-get(8), `install`.
 */
export async function checkKnown(name: string, signal: AbortSignal): Promise<void> {
  const [bare = name] = name.split(':');
  const options = { ...look(signal), maxBytes: LIST_BYTES };
  const { stdout } = await runProgram('apt-cache', ['pkgnames', '--', bare], options);
  if (stdout.split('\n').includes(bare)) return;
  throw new MusterError('NOT_FOUND', `apt knows no package ${name}: misspelt, or run apt_update first`);
}

/** One command of apt-get for one package. Throws PROGRAM_FAILED with the last lines of output. */
export async function aptGet(command: readonly string[], target: string): Promise<SpooledEnd> {
  const args = [...OPTIONS, ...command, target];
  const end = await runSpooled('apt-get', args, { timeoutMs: CHANGE_MS, env: ENV });
  expectGood(`apt-get ${command.join(' ')} ${target}`, end);
  return end;
}

/** Fetches the lists anew; one that cannot be fetched is an error. Throws PROGRAM_FAILED. */
export async function aptUpdate(): Promise<SpooledEnd> {
  const args = [...OPTIONS, '-o', 'APT::Update::Error-Mode=any', 'update'];
  const end = await runSpooled('apt-get', args, { timeoutMs: CHANGE_MS, env: ENV });
  expectGood('apt-get update', end);
  return end;
}

/** What `apt-get dist-upgrade` would install now. Throws PROGRAM_FAILED. */
export async function outdated(signal: AbortSignal): Promise<{ packages: Outdated[]; exitcode: number }> {
  const args = ['-q', '-s', '-o', 'Debug::NoLocking=1', 'dist-upgrade'];
  const options = { ...look(signal), timeoutMs: 2 * LOOK_MS, maxBytes: LIST_BYTES };
  const { stdout, stderr, exitcode } = await runProgram('apt-get', args, options);
  expectGood('apt-get -s dist-upgrade', { output: stderr, exitcode });
  return { packages: outdatedIn(stdout), exitcode: exitcode ?? 0 };
}

/** The lines `Inst NAME [OLD] (NEW …)` of a simulated upgrade. Pure. */
export function outdatedIn(text: string): Outdated[] {
  return [...text.matchAll(/^Inst (\S+) (?:\[(\S+)\] )?\((\S+) /gm)].map(([, name, installed, version]) => ({
    package: name ?? '',
    version: version ?? '',
    installed: installed ?? null,
  }));
}

function look(signal: AbortSignal | undefined) {
  return { timeoutMs: LOOK_MS, env: ENV, ...(signal && { signal }) };
}

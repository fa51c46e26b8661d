#!/usr/bin/env node
// Makes this checkout ready to run. Plain JavaScript, because it runs before anything is installed (Node 18 or later).
//   node infra/setup.mjs       node_modules as package-lock.json says
//   node infra/setup.mjs lab   that, and the Debian packages of the lab (needs root on Debian)
//   node infra/setup.mjs bench that, and those that benchmarks compare with
// Silent when there is nothing to do. Exit codes: 0 ready, 1 failed, 3 this machine cannot run the lab (nothing touched).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const LAB_PACKAGES = [
  'puppetserver',
  'puppet-agent',
  'redis-server',
  'rabbitmq-server',
  'prosody',
  'cloud-init',
  'iproute2',
  'util-linux',
  'procps',
  'openssl',
  'python3-minimal',
  'curl',
  'haproxy',
  'monitoring-plugins-basic',
  'zsh',
];
/** Debian packages by task. */
const PACKAGES = {
  lab: LAB_PACKAGES,
  bench: [...LAB_PACKAGES, 'mcollective', 'mcollective-client', 'mcollective-common'],
};

/** @param {string} line */
const say = (line) => process.stdout.write(`setup: ${line}\n`);

/** @param {string} line @param {number} code @returns {never} */
function stop(line, code) {
  process.stderr.write(`setup: ${line}\n`);
  process.exit(code);
}

/** The parsed file, or undefined when it is missing or broken (an install that was cut off). @param {string} path */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * npm writes what it has installed to node_modules/.package-lock.json as its last act. Current means: each locked
 * package is there in that version, except optional ones, which npm leaves out on other platforms.
 */
function nodeModulesAreCurrent() {
  const wanted = readJson(join(ROOT, 'package-lock.json'))?.packages;
  const present = readJson(join(ROOT, 'node_modules/.package-lock.json'))?.packages;
  if (wanted === undefined || present === undefined) return false;
  const extra = Object.keys(present).some((path) => wanted[path] === undefined);
  if (extra) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = present[path];
    return found === undefined ? entry.optional === true : found.integrity === entry.integrity;
  });
}

/** Commands start sooner from packages of one file each, made of what npm installed last: see one-file-packages.ts. */
function packagesAreOneFile() {
  const { mtimeMs, size } = statSync(join(ROOT, 'node_modules/.package-lock.json'));
  return readJson(join(ROOT, 'node_modules/.cache/muster/packages.json'))?.installed === `${mtimeMs} ${size}`;
}

/** @param {readonly string[]} wanted */
function missingPackages(wanted) {
  const query = ['-W', `-f=\${Package} \${db:Status-Status}\n`, ...wanted];
  const lines = (spawnSync('dpkg-query', query, { encoding: 'utf8' }).stdout ?? '').split('\n');
  return wanted.filter((name) => !lines.includes(`${name} installed`));
}

function stopUnlessLabCanRun() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID(_LIKE)?=.*debian/m.test(release)) stop('the lab runs on Debian only; nothing was changed', 3);
  if (process.getuid?.() !== 0) stop('the lab needs root; nothing was changed', 3);
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} env */
function capture(command, args, env = {}) {
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 };
  return spawnSync(command, args, options);
}

/** Ends the process when `result` is a failure. @param {string} what @param {string} command */
function expectSuccess(what, command, result) {
  if (result.status === 0) return;
  const lines = `${result.error?.message ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`
    .trim()
    .split('\n');
  // npm gives the cause first and help after it; apt gives the cause last.
  const shown = lines.length > 20 ? [...lines.slice(0, 10), '...', ...lines.slice(-10)] : lines;
  process.stderr.write(`${shown.join('\n')}\n`);
  stop(`${what} failed (${command})`, 1);
}

function installNodeModules() {
  if (!nodeModulesAreCurrent()) installFromNpm();
  const made = capture(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'infra/one-file-packages.ts')]);
  expectSuccess('packing npm packages', 'infra/one-file-packages.ts', made);
}

function installFromNpm() {
  say('installing npm packages');
  // Not `npm ci`: it refuses a lock that lacks an optional package of another platform, as a partial mirror of the
  // registry makes one. Versions and checksums come from the lock all the same, and it is not written.
  const result = capture('npm', ['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund']);
  expectSuccess('installing npm packages', 'npm', result);
}

/** Runs `install` while no Debian package may start its service: a lab's services run in the lab only. */
function withoutServices(install) {
  const ours = !existsSync(POLICY_FILE);
  if (ours) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const remove = () => ours && rmSync(POLICY_FILE, { force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  const result = install();
  remove();
  return result;
}

/** @param {readonly string[]} wanted */
function installDebianPackages(wanted) {
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const patience = ['-o', 'DPkg::Lock::Timeout=400'];
  say('refreshing the list of Debian packages (apt-get update)');
  const updated = capture('apt-get', ['update', '-q', ...patience], env);
  expectSuccess('refreshing the list of packages', 'apt-get update', updated);
  say(`installing ${missing.join(' ')}`);
  const args = ['install', '-y', '-q', '--no-install-recommends', ...patience, ...missing];
  const installed = withoutServices(() => capture('apt-get', args, env));
  expectSuccess('installing Debian packages', 'apt-get install', installed);
}

/**
 * Runs this file once more under flock(1), so that two set-ups at the same moment take turns. The second finds
 * everything done.
 * @param {string} lockFile @param {string[]} task
 */
function inTurn(lockFile, ...task) {
  const self = [process.execPath, fileURLToPath(import.meta.url), ...task];
  const [command, ...args] = existsSync('/usr/bin/flock') ? ['flock', lockFile, ...self] : self;
  const result = spawnSync(command, args, { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function main() {
  const [task = '', of = 'lab'] = process.argv.slice(2);
  if (task === '--node-modules') return installNodeModules();
  if (task === '--debian-packages') return installDebianPackages(PACKAGES[of]);
  const packages = task === '' ? [] : PACKAGES[task];
  if (packages === undefined) stop('usage: node infra/setup.mjs [lab | bench]', 1);
  if (task !== '') stopUnlessLabCanRun();
  if (!nodeModulesAreCurrent() || !packagesAreOneFile()) {
    mkdirSync(join(ROOT, '.muster'), { recursive: true, mode: 0o700 });
    inTurn(join(ROOT, '.muster/setup.lock'), '--node-modules');
  }
  if (missingPackages(packages).length > 0) inTurn('/run/lock/muster-setup.lock', '--debian-packages', task);
}

main();

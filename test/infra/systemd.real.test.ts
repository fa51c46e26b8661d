import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { buildBundle } from '../../agent/bundle.ts';
import { eventually } from '../agent/temp.ts';
import { testPki } from '../kit/pki.ts';
import { startSystemd, type TestSystemd } from '../kit/systemd.ts';

const UNIT = new URL('../../infra/systemd/muster.service', import.meta.url);
const RESTART_MS = 30_000;
let systemd: TestSystemd;
let dir: string;
let log: () => string;

/** Muster's own unit, with the places of the test instead of the installed ones. */
async function unitIn(folder: string): Promise<string> {
  await buildBundle(folder);
  const pki = await testPki();
  const { certificatePem, keyPem } = await pki.holder('web1', 'node');
  writeFileSync(join(folder, 'ca.pem'), pki.ca.certificatePem);
  writeFileSync(join(folder, 'web1.pem'), certificatePem);
  writeFileSync(join(folder, 'web1.key'), keyPem, { mode: 0o600 });
  const trust = { ca: 'ca.pem', certificate: 'web1.pem', key: 'web1.key' };
  const config = {
    // Nobody listens there: the daemon goes on trying.
    broker: { host: '127.0.0.1', port: 1, vhost: '/' },
    trust: Object.fromEntries(Object.entries(trust).map(([name, file]) => [name, join(folder, file)])),
    collectives: ['mcollective'],
    facts: { dir: join(folder, 'facts.d'), imds: false, facter_dir: '' },
  };
  writeFileSync(join(folder, 'daemon.yaml'), stringify(config));
  return readFileSync(UNIT, 'utf8')
    .replace('/opt/muster/node ', `${join(folder, `node-linux-${process.arch}`)} `)
    .replace('/opt/muster/muster-daemon.cjs', join(folder, 'muster-daemon.cjs'))
    .replace('/etc/muster/daemon.yaml', join(folder, 'daemon.yaml'))
    .replace('[Service]\n', `[Service]\nStandardError=append:${join(folder, 'log')}\n`);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'muster-unit-'));
  log = () => readFileSync(join(dir, 'log'), 'utf8');
  systemd = await startSystemd(dir, { 'muster.service': await unitIn(dir) });
});
afterAll(async () => {
  await systemd.stop();
  rmSync(dir, { recursive: true });
});

const shown = async (property: string) =>
  (await systemd.inside(['systemctl', 'show', `--property=${property}`, '--value', 'muster'])).trim();
const ctl = (verb: string) => systemd.inside(['systemctl', verb, 'muster']);
const times = (text: string) => log().split(text).length - 1;

test('the unit of the daemon is one that systemd understands, and brings the daemon up', async () => {
  const verify = 'systemd-analyze verify /etc/systemd/system/muster.service 2>&1';
  expect(await systemd.inside(['sh', '-c', verify])).toBe('');
  await ctl('start');
  expect(await shown('ActiveState')).toBe('active');
  await eventually(() => log().includes('"msg":"serving"'));
  // The default state folder, made by systemd for root alone.
  expect(await systemd.inside(['stat', '-c', '%a %U', '/var/lib/muster'])).toBe('700 root\n');
});

test('a daemon that was killed is started again', async () => {
  const before = await shown('MainPID');
  await systemd.inside(['systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'muster']);
  await eventually(async () => times('"msg":"serving"') === 2, RESTART_MS);
  expect(await shown('MainPID')).not.toBe(before);
  expect(await shown('NRestarts')).toBe('1');
});

test('a daemon that is stopped ends by itself, and what it has started goes on', async () => {
  const child = await systemd.startIn('muster', ['sleep', 'infinity']);
  expect(await systemd.inside(['systemctl', 'status', 'muster'])).toContain('sleep infinity');
  await ctl('stop');
  expect(await shown('Result')).toBe('success');
  expect(log()).toContain('"msg":"daemon has stopped"');
  expect(await systemd.inside(['cat', `/proc/${child}/comm`])).toBe('sleep\n');
});

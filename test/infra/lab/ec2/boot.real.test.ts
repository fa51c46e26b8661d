import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Look {
  readonly boots: string;
  readonly onces: string;
  readonly greeter: string;
}

interface Trial {
  readonly readyS: number[];
  readonly first: Look &
    Record<'hostname' | 'hosts' | 'log' | 'withoutToken' | 'hidden', string> & { result: unknown };
  readonly rebooted: Look;
  readonly restarted: Look;
  readonly poweredOff: string;
  readonly console: string;
  readonly left: { readonly disks: string[]; readonly cards: string; readonly processes: number };
}

const TRIAL = fileURLToPath(new URL('boot-trial.ts', import.meta.url));
const NAMESPACES = [
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
];

let dir: string;
let trial: Trial;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-boot-'));
  const argv = [...NAMESPACES, process.execPath, TRIAL, dir];
  const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', timeout: 170_000 });
  if (status !== 0) throw new Error(`the trial ended with ${status}: ${stderr}`);
  trial = JSON.parse(stdout) as Trial;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("Debian's cloud-init runs user data from our metadata service without a warning", () => {
  expect(trial.first).toMatchObject({ boots: '1', onces: '1', greeter: '', log: '' });
  expect(trial.first.result).toEqual({ v1: { datasource: 'DataSourceEc2', errors: [] } });
  expect(trial.readyS).toHaveLength(3);
});

test('an instance has the name of its address, and knows the hosts of the lab', () => {
  expect(trial.first.hostname).toBe('ip-10-77-3-10');
  expect(trial.first.hosts).toContain('10.77.3.10 ip-10-77-3-10.eu-west-1.compute.internal ip-10-77-3-10');
  expect(trial.first.hosts).toContain('broker.lab.test');
});

test('an instance cannot read metadata without a token, nor the keys of the lab', () => {
  expect(trial.first.withoutToken).toBe('401');
  expect(trial.first.hidden).toBe('');
});

test('a reboot runs what is for every boot, not what is for the first, and starts services', () => {
  expect(trial.rebooted).toMatchObject({ boots: '2', onces: '1' });
  expect(trial.rebooted.greeter).toMatch(/greeter start$/);
});

test('so does a start after a stop: the disk stayed', () => {
  expect(trial.restarted).toMatchObject({ boots: '3', onces: '1' });
  expect(trial.restarted.greeter).toMatch(/greeter start$/);
});

test('poweroff inside stops the instance', () => {
  expect(trial.poweredOff).toBe('Client.InstanceInitiatedShutdown');
});

test('the console shows the boots', () => {
  expect(trial.console).toMatch(/Cloud-init v\. .+ finished at .+ Datasource DataSourceEc2/);
});

test('nothing is left of terminated instances', () => {
  // The one process is the trial itself.
  expect(trial.left).toEqual({ disks: [], cards: '', processes: 1 });
});

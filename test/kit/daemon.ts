import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runDaemon } from '../../agent/main.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { createLog } from '../../src/core/create-log.ts';
import { tempDir } from '../agent/temp.ts';
import type { TestBroker } from './broker.ts';
import { testPki } from './pki.ts';
import { TOKEN } from './run-hello.ts';

/** What every daemon is told that keeps all it has in this folder, and takes no facts but from there. */
async function settingsIn(dir: string, { host, port, vhost }: TestBroker) {
  const ca = join(dir, 'ca.pem');
  await writeFile(ca, (await testPki()).ca.certificatePem);
  return {
    broker: { host, port, vhost },
    trust: { ca },
    state_dir: join(dir, 'state'),
    facts: {
      ...{ dir: join(dir, 'facts.d'), imds: false, facter: false, facter_dir: '' },
      classes_file: join(dir, 'classes.txt'),
    },
  };
}

/** The settings, not yet read, of a node that says hello to the holder `controller` of the test PKI. */
export async function nodeSettings(dir: string, broker: TestBroker) {
  const settings = await settingsIn(dir, broker);
  const controller = join(dir, 'controller.pem');
  await writeFile(controller, (await (await testPki()).holder('controller', 'controller')).certificatePem);
  return {
    ...settings,
    ...{ group: 'web', token: TOKEN },
    trust: { ...settings.trust, controllers: [controller] },
    puppet: {
      bin: '/bin/true',
      ...{ conf_dir: join(dir, 'conf'), ssl_dir: join(dir, 'ssl'), state_dir: join(dir, 'pstate') },
    },
    settings: { 'provision.hosts_file': join(dir, 'hosts') },
    hello: { base_s: 0.2, cap_s: 1, after_refused_s: 1 },
  };
}

/** The settings, not yet read, of a master in `mcollective` with a certificate of the test PKI; policies come from the folder. */
export async function masterSettings(dir: string, broker: TestBroker, name: string) {
  const settings = await settingsIn(dir, broker);
  const own = await (await testPki()).ca.issueToFiles({ name, role: 'master', days: 1, dir });
  return {
    ...settings,
    trust: { ...settings.trust, ...own },
    ...{ collectives: ['mcollective'], policies_dir: dir },
  };
}

/** The config of a node's daemon, as {@link nodeSettings} has it but for these changes, in a folder of the test. */
export async function daemonConfig(broker: TestBroker, changes: object = {}): Promise<DaemonConfig> {
  return DaemonConfig.parse({ ...(await nodeSettings(await tempDir(), broker)), ...changes });
}

const log = createLog({
  level: process.env.MUSTER_TEST_LOG === undefined ? 'silent' : 'debug',
  name: 'daemon',
});

/** Runs a daemon until the test ends, or until it is stopped; `stop` ends it cleanly. */
export function startDaemon(config: DaemonConfig): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = runDaemon(config, { signal: stopping.signal, log });
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  onTestFinished(stop);
  return { stop };
}

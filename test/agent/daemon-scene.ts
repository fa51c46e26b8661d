import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runDaemon } from '../../agent/main.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { createLog } from '../../src/core/create-log.ts';
import { startBroker, type TestBroker } from '../kit/broker.ts';
import { type MiniController, startMiniController } from '../kit/controller.ts';
import { testPki } from '../kit/pki.ts';
import { tempDir } from './temp.ts';

/** A real broker and a little controller that answers hellos, for one test file. */
export interface DaemonScene {
  readonly broker: TestBroker;
  readonly controller: MiniController;
  /** Config of a node of this scene, in a folder of its own. */
  aConfig(changes?: object): Promise<DaemonConfig>;
  /** Events of one kind that a node has told. */
  said(identity: string, kind: string): MiniController['events'];
  end(): Promise<void>;
}

/** Starts both. */
export async function startScene(): Promise<DaemonScene> {
  const broker = await startBroker({
    collectives: ['provisioning', 'production'],
    controllers: ['controller'],
  });
  const controller = await startMiniController(broker);
  return {
    broker,
    controller,
    aConfig: (changes = {}) => aConfig({ broker, controller }, changes),
    said: (identity, kind) =>
      controller.events.filter(({ sender, event }) => sender === identity && event.kind === kind),
    end: async () => {
      await controller.bus.close();
      await broker.stop();
    },
  };
}

const PUPPET = `#!/bin/sh
# Stands in for the puppet program where only time and outcome matter.
while [ $# -gt 0 ]; do case $1 in --environment) environment=$2 ;; --statedir) state=$2 ;; esac; shift; done
mkdir -p "$state"; sleep 0.3; echo "applied $environment"
printf -- '---\\nstatus: changed\\ntime: "%s"\\nenvironment: %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" "$environment" >"$state/last_run_report.yaml"
exit 2
`;

async function aConfig(
  { broker, controller }: Pick<DaemonScene, 'broker' | 'controller'>,
  changes: object,
): Promise<DaemonConfig> {
  const dir = await tempDir();
  const pki = await testPki();
  await writeFile(join(dir, 'ca.pem'), pki.ca.certificatePem);
  await writeFile(join(dir, 'controller.pem'), controller.certificatePem);
  await writeFile(join(dir, 'puppet'), PUPPET);
  await chmod(join(dir, 'puppet'), 0o755);
  await mkdir(join(dir, 'facts.d'));
  await writeFile(join(dir, 'facts.d', 'user.yaml'), 'role: web\n');
  return DaemonConfig.parse({
    group: 'web',
    token: 'token',
    broker: { host: broker.host, port: broker.port, vhost: broker.vhost },
    trust: { ca: join(dir, 'ca.pem'), controllers: [join(dir, 'controller.pem')] },
    state_dir: join(dir, 'state'),
    facts: {
      dir: join(dir, 'facts.d'),
      imds: false,
      facter: false,
      facter_dir: '',
      classes_file: join(dir, 'classes.txt'),
    },
    puppet: {
      bin: join(dir, 'puppet'),
      conf_dir: join(dir, 'conf'),
      ssl_dir: join(dir, 'ssl'),
      state_dir: join(dir, 'pstate'),
    },
    settings: { 'provision.hosts_file': join(dir, 'hosts') },
    hello: { base_s: 0.2, cap_s: 1 },
    ...changes,
  });
}

/** A daemon of this test; `stop` ends it cleanly. */
export function daemon(config: DaemonConfig) {
  const stop = new AbortController();
  const log = createLog({
    level: process.env.MUSTER_TEST_LOG === undefined ? 'silent' : 'debug',
    name: 'daemon',
  });
  const ended = runDaemon(config, { signal: stop.signal, log });
  const end = async () => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return { stop: end };
}

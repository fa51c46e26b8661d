import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { startBroker, type TestBroker } from '../kit/broker.ts';
import { type MiniController, startMiniController } from '../kit/controller.ts';
import { nodeSettings } from '../kit/daemon.ts';
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
    aConfig: (changes = {}) => aConfig(broker, changes),
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

async function aConfig(broker: TestBroker, changes: object): Promise<DaemonConfig> {
  const dir = await tempDir();
  const settings = await nodeSettings(dir, broker);
  await writeFile(join(dir, 'puppet'), PUPPET);
  await chmod(join(dir, 'puppet'), 0o755);
  await mkdir(join(dir, 'facts.d'));
  await writeFile(join(dir, 'facts.d', 'user.yaml'), 'role: web\n');
  return DaemonConfig.parse({
    ...settings,
    token: 'token',
    puppet: { ...settings.puppet, bin: join(dir, 'puppet') },
    // A login that is refused in passing brings no second hello here.
    hello: { base_s: 0.2, cap_s: 1 },
    ...changes,
  });
}

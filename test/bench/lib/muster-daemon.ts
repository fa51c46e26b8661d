import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { buildBundle } from '../../../agent/bundle.ts';
import type { TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { type Measured, startMeasured } from './process.ts';

const UNIT = new URL('../../../infra/systemd/muster.service', import.meta.url);

/** The daemon as nodes run it: the bundle, the Node that ships with it, and the command line of the systemd unit. */
export interface Installed {
  /** Starts the daemon of one node, whose certificate was issued by hand and whose user the broker gets here. */
  start(identity: string): Promise<Measured>;
  /** Removes the files. */
  remove(): void;
}

/** Builds the bundle into a folder of its own, for nodes of this collective on this broker. */
export async function installDaemon(broker: TestBroker, collective: string): Promise<Installed> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-installed-'));
  await buildBundle(dir);
  const pki = await testPki();
  writeFileSync(join(dir, 'ca.pem'), pki.ca.certificatePem);
  return {
    async start(identity) {
      await broker.admin.addNodeUser(identity, [collective]);
      const { certificatePem, keyPem } = await pki.holder(identity, 'node');
      // A machine of its own, as it were: daemons watch the folder of their config.
      const own = join(dir, identity);
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, 'certificate.pem'), certificatePem);
      writeFileSync(join(own, 'key.pem'), keyPem, { mode: 0o600 });
      const config = join(own, 'daemon.yaml');
      const { host, port, vhost } = broker;
      const settings = {
        broker: { host, port, vhost },
        trust: {
          ca: join(dir, 'ca.pem'),
          certificate: join(own, 'certificate.pem'),
          key: join(own, 'key.pem'),
        },
        collectives: [collective],
        state_dir: join(own, 'state'),
        facts: { dir: join(own, 'facts.d'), imds: false, facter_dir: '' },
      };
      writeFileSync(config, stringify(settings));
      const { argv, env } = unitCommand({
        '/opt/muster/node': join(dir, `node-linux-${process.arch}`),
        '/opt/muster/muster-daemon.cjs': join(dir, 'muster-daemon.cjs'),
        '/etc/muster/daemon.yaml': config,
      });
      return startMeasured(argv, { env, logFile: join(dir, `${identity}.log`) });
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** What systemd would run, with these paths in the place of the installed ones. */
function unitCommand(paths: Readonly<Record<string, string>>): {
  argv: string[];
  env: Record<string, string>;
} {
  const lines = readFileSync(UNIT, 'utf8').split('\n');
  const values = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const argv = values('ExecStart').flatMap((line) => line.split(' '));
  const env = values('Environment').map((line) => line.split(/=(.*)/s).slice(0, 2));
  return { argv: argv.map((word) => paths[word] ?? word), env: Object.fromEntries(env) };
}

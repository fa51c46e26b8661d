import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runDaemon } from '../../agent/main.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { silentLog } from '../../src/core/log.ts';
import type { TestBroker } from '../kit/broker.ts';
import { testPki } from '../kit/pki.ts';
import { clientOf } from '../src/bus/rpc-kit.ts';
import { tempDir } from './temp.ts';

/** A master's daemon on a real broker, with policies of its site; it ends with the test. */
export async function startAuditedNode(
  broker: TestBroker,
  name: string,
  policies: Readonly<Record<string, string>> = {},
  more: object = {},
): Promise<{ dir: string; auditFile: string }> {
  const dir = await tempDir();
  const { ca } = await testPki();
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  for (const [file, text] of Object.entries(policies)) await writeFile(join(dir, file), text);
  const own = await ca.issueToFiles({ name, role: 'master', days: 1, dir });
  const config = DaemonConfig.parse({
    broker: { host: broker.host, port: broker.port, vhost: broker.vhost },
    trust: { ca: join(dir, 'ca.pem'), ...own },
    ...{ collectives: ['mcollective'], state_dir: join(dir, 'state'), policies_dir: dir },
    facts: {
      dir: join(dir, 'facts.d'),
      imds: false,
      facter: false,
      facter_dir: '',
      classes_file: join(dir, 'classes.txt'),
    },
    puppetca: { url: 'https://localhost:1', ca: join(dir, 'ca.pem'), ...own },
    ...more,
  });
  const stop = new AbortController();
  const ended = runDaemon(config, { signal: stop.signal, log: silentLog });
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return { dir, auditFile: join(config.state_dir, 'audit.log') };
}

/** One node as a holder of this name and role sees it. */
export async function callerOf(
  broker: TestBroker,
  node: string,
  name: string,
  role: 'operator' | 'controller',
) {
  const bus = await broker.busOf(name, role);
  onTestFinished(() => bus.close());
  const client = await clientOf(bus, name, role);
  return client.node('mcollective', node, {});
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import type { TestBroker } from '../kit/broker.ts';
import { masterSettings, startDaemon } from '../kit/daemon.ts';
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
  const settings = await masterSettings(dir, broker, name);
  for (const [file, text] of Object.entries(policies)) await writeFile(join(dir, file), text);
  const puppetca = { url: 'https://localhost:1', ...settings.trust };
  const config = DaemonConfig.parse({ ...settings, puppetca, ...more });
  startDaemon(config);
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

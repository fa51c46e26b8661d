import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInfo } from '../../agent/build-info.ts';
import { createDataStore } from '../../agent/data-store.ts';
import type { AgentHost } from '../../agent/host.ts';
import { type NodeIdentity, prepareIdentity } from '../../agent/identity.ts';
import { createPolicies } from '../../agent/policies.ts';
import type { PuppetPaths } from '../../agent/puppet/paths.ts';
import { createPuppetRuns } from '../../agent/puppet/runs.ts';
import { newRpcStats } from '../../src/bus/stats.ts';
import type { ActionRequest } from '../../src/core/agent.ts';
import { systemClock } from '../../src/core/clock.ts';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { silentLog } from '../../src/core/log.ts';
import { puppetPathsIn, tempDir } from './temp.ts';

/** A node that has said hello, without a bus. */
export interface TestNode {
  readonly dir: string;
  readonly host: AgentHost;
  readonly identity: NodeIdentity;
  readonly puppet: PuppetPaths;
  readonly certname: string;
  /** How often the agent told that something has changed. */
  changes(): number;
}

/** What every action is given. */
export const request: ActionRequest = {
  requestId: '0'.repeat(32),
  requestedAtMs: 1_700_000_000_000,
  ttlS: 60,
  caller: 'cert=controller',
  collective: 'provisioning',
  signal: new AbortController().signal,
  log: silentLog,
};

/** Makes the node's identity in a folder of the test. */
export async function aNode(settings: object = {}, bin: string | null = null): Promise<TestNode> {
  const dir = await tempDir();
  await mkdir(join(dir, 'state'));
  const puppet = puppetPathsIn(dir, bin);
  const common = { puppet, server: 'puppet', keyBits: 2048, log: silentLog };
  const identity = await prepareIdentity({
    ...common,
    stateDir: join(dir, 'state'),
    instanceId: 'i-1',
    certnameSuffix: '.test',
  });
  const root = join(dir, 'state', 'puppet-runs');
  const runs = createPuppetRuns({ root, clock: systemClock, log: silentLog, onEnded: async () => undefined });
  let changes = 0;
  const host: AgentHost = {
    config: DaemonConfig.parse({
      broker: { host: 'b' },
      settings: { 'provision.hosts_file': join(dir, 'hosts') },
      ...settings,
    }),
    identity: 'i-1',
    version: '0.0.0',
    clock: systemClock,
    log: silentLog,
    trust: { install: async () => 0, revoke: async () => 0 },
    archive: null,
    node: { state: identity.state, puppet },
    runs,
    facts: async () => ({ role: 'web' }),
    classes: async () => ['base'],
    served: () => [],
    policies: createPolicies({
      ...{ dir: join(dir, 'policies'), builtIn: buildInfo().policies, log: silentLog },
      ...{ enableDefault: true, allowUnconfigured: false },
      ...{ node: { identity: 'i-1', agents: new Set(['rpcutil']) }, data: async () => null },
    }),
    data: createDataStore(new Map(), () => host),
    collectives: () => ['provisioning'],
    stats: () => ({ ...newRpcStats(), startedAtMs: 0 }),
    enter: async () => undefined,
    changed: () => {
      changes += 1;
    },
  };
  return { dir, host, identity, puppet, certname: 'i-1.test', changes: () => changes };
}

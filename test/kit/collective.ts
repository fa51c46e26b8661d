import { fileURLToPath } from 'node:url';
import { type Controller, startController } from '../../src/controller/controller.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { ControllerConfig } from '../../src/core/config/controller.ts';
import { createLog } from '../../src/core/create-log.ts';
import { loadPlugins } from '../../src/core/load.ts';
import { createOpener, createSealer } from '../../src/trust/seal.ts';
import type { TestBroker } from './broker.ts';
import { testPki } from './pki.ts';
import type { TestRedis } from './redis.ts';
import { testConfig } from './run-fakes.ts';
import { TOKEN } from './run-hello.ts';

const folder = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const log = createLog({
  level: process.env.MUSTER_TEST_LOG === undefined ? 'silent' : 'debug',
  name: 'collective',
});

/** What a controller signs and reads hellos with, instead of the holder `controller` of the test PKI. */
export interface ControllerKeys {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly oldKeyPems?: readonly string[];
}

/** A real controller, named `controller`, on a real broker and Redis; certificates of nodes live `nodeDays`. */
export async function startRealController(
  at: { broker: TestBroker; redis: TestRedis },
  nodeDays = 7,
  keys?: ControllerKeys,
): Promise<Controller & { readonly config: ControllerConfig; stop(): Promise<void> }> {
  const { ca, holder } = await testPki();
  const own = keys ?? (await holder('controller', 'controller'));
  const sealer = createSealer({ name: 'controller', ...own });
  const { host, port, vhost, management } = at.broker;
  const parsed = testConfig({
    redis: { url: at.redis.url, prefix: 'controller' },
    broker: {
      ...{ host, port, vhost, management_url: management.url },
      ...{ management_user: management.user, management_password_file: '/nonexistent' },
    },
    groups: { web: { options: { token: TOKEN } } },
    plan: ['lock'],
  });
  const config = { ...parsed, trust: { ...parsed.trust, node_days: nodeDays } };
  const revoked = ca.book.revocations();
  const caPem = ca.certificatePem;
  const opener = createOpener({ caPem, clock: systemClock, revoked: (_serial, of) => revoked.revokes(of) });
  const stopping = new AbortController();
  const controller = await startController({
    ...{ config, log, signal: stopping.signal },
    identity: { ...own, caPem, managementPassword: management.password, ca, opener, sealer },
    plugins: {
      steps: await loadPlugins(folder('provisioners'), 'run'),
      notifiers: new Map(),
      pickers: await loadPlugins(folder('src/controller/pickers'), 'pick'),
      attestors: await loadPlugins(folder('src/trust/attestors'), 'attest'),
    },
  });
  await controller.listening;
  const stop = async () => {
    stopping.abort();
    await controller.closed;
  };
  return { ...controller, config, stop };
}

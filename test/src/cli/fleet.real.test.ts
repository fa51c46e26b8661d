import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rpcutil } from '../../../agent/agents/rpcutil.ddl.ts';
import { openFleet } from '../../../src/cli/lib/fleet.ts';
import { createRevokedStore, revokeName } from '../../../src/controller/revoked-store.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { ControllerConfig } from '../../../src/core/config/controller.ts';
import { eventually, tempDir } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { startRealController } from '../../kit/collective.ts';
import { daemonConfig, startDaemon } from '../../kit/daemon.ts';
import { memoryBook, testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';

let broker: TestBroker;
let redis: TestRedis;
beforeAll(async () => {
  const collectives = ['provisioning', 'mcollective'];
  [broker, redis] = await Promise.all([
    startBroker({ collectives, controllers: ['controller'], operators: ['alice'] }),
    startRedis(),
  ]);
});
afterAll(async () => {
  await Promise.all([broker?.stop(), redis?.stop()]);
});

/** The config of an operator, with her files. */
async function configOf(name: string, common: ControllerConfig): Promise<ControllerConfig> {
  const dir = await tempDir();
  const { ca, holder } = await testPki();
  const { certificatePem, keyPem } = await holder(name, 'operator');
  const files = { 'ca.pem': ca.certificatePem, certificate: certificatePem, key: keyPem };
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(dir, file), text)));
  const own = { dir, certificate: join(dir, 'certificate'), key: join(dir, 'key') };
  return { ...common, trust: { ...common.trust, ...own } };
}

test('a node that was revoked may still be on the broker: its answers to operators do not count', async () => {
  const controller = await startRealController({ broker, redis });
  for (const id of ['dc-good', 'dc-bad']) startDaemon(await daemonConfig(broker, { instance_id: id }));
  const config = await configOf('alice', controller.config);
  const ask = async (timeoutS: number) => {
    const fleet = await openFleet(config);
    try {
      const expected = ['dc-good', 'dc-bad'];
      const { replies, silent } = await fleet.rpc.ask(
        'provisioning',
        rpcutil,
        'ping',
        {},
        { expected, timeoutS },
      );
      return { replied: replies.map(({ identity }) => identity).sort(), silent };
    } finally {
      await fleet.close();
    }
  };
  await eventually(async () => (await ask(2)).silent.length === 0, 30_000);
  // No controller runs that could delete its broker user.
  await controller.stop();
  const book = memoryBook();
  const store = createRevokedStore(await redis.door('controller'), book);
  await revokeName({ book, store, clock: systemClock }, { name: 'dc-bad', verb: 'revoke', reason: 'r' });
  expect(await broker.ctl('list_users')).toContain('dc-bad');
  expect(await ask(3)).toEqual({ replied: ['dc-good'], silent: ['dc-bad'] });
});

import { expect, onTestFinished, test } from 'vitest';
import type { Refusal } from '../../../src/bus/server-types.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { startMiniBroker } from '../../kit/broker-mini.ts';
import { clientOf, miniBus, probe, serveProbe } from './rpc-kit.ts';

test('A request reaches nobody any more once it has expired while data plug-ins were asked for its filter', async () => {
  const broker = await startMiniBroker();
  const [nodeBus, callerBus] = [miniBus(broker), miniBus(broker)];
  onTestFinished(async () => {
    await Promise.all([nodeBus.close(), callerBus.close()]);
    await broker.stop();
  });
  const client = await clientOf(callerBus, 'ctl', 'controller');
  let lateMs = 0;
  const data = async () => {
    lateMs = 3_600_000;
    return 5;
  };
  const refused: Refusal[] = [];
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };
  const { calls } = await serveProbe(nodeBus, 'web1', { data, clock, refused: (one) => refused.push(one) });
  const filter = { compound: ["fstat('/a').size>4"] };
  const asked = { filter, graceMs: 100, expected: ['web1'], timeoutS: 0.5 };
  expect(await client.ask('provisioning', probe, 'echo', { text: 'hi' }, asked)).toMatchObject({
    silent: ['web1'],
  });
  expect(refused).toMatchObject([{ reason: 'EXPIRED', sender: 'ctl' }]);
  expect(calls).toEqual([]);
});

import type { Bus } from '../../../src/bus/bus.ts';
import { startMiniBroker } from '../../kit/broker-mini.ts';
import { clientOf, miniBus, probe, serveProbe } from '../../src/bus/rpc-kit.ts';
import { type Bench, cpuMs } from '../bench.ts';

const CALLS = 200;
const input = { text: 'x'.repeat(100) };
const soon = { ttlS: 10, deadlineS: 10 };

/** A message there and one back, with nothing signed or checked. */
async function bareEcho(callerBus: Bus, nodeBus: Bus): Promise<() => Promise<void>> {
  const body = Buffer.from(JSON.stringify(input));
  let heard: () => void = () => undefined;
  await nodeBus.subscribe(
    { exchange: 'bare.request', key: 'all' },
    (echoed) => void nodeBus.publish({ exchange: 'bare.reply', key: 'all' }, echoed, soon),
    { ack: 'auto' },
  );
  await callerBus.subscribe({ exchange: 'bare.reply', key: 'all' }, () => heard(), { ack: 'auto' });
  return async () => {
    const back = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await callerBus.publish({ exchange: 'bare.request', key: 'all' }, body, soon);
    await back;
  };
}

/** A call from end to end through a broker in this process: caller, broker and node count together. */
const rpcCore: Bench = {
  name: 'rpc-core',
  summary: 'one call, caller and node and a broker of a few lines in one process',
  async run() {
    const broker = await startMiniBroker();
    const [callerBus, nodeBus] = [miniBus(broker), miniBus(broker)];
    try {
      const client = await clientOf(callerBus, 'ctl', 'controller');
      await serveProbe(nodeBus, 'web1');
      await serveProbe(nodeBus, 'web2', { encryptReplies: true });
      const bare = await bareEcho(callerBus, nodeBus);
      const baseline = { name: 'a message there and back, unsigned', value: await cpuMs(CALLS, bare) };
      const call = (node: string) => () =>
        client.call('provisioning', node, probe, 'echo', input, { timeoutS: 10 });
      const unit = 'ms';
      return [
        { name: 'one call (CPU)', unit, value: await cpuMs(CALLS, call('web1')), baseline },
        { name: 'one call, reply encrypted (CPU)', unit, value: await cpuMs(CALLS, call('web2')), baseline },
      ];
    } finally {
      await Promise.all([callerBus.close(), nodeBus.close()]);
      await broker.stop();
    }
  },
};
export default rpcCore;

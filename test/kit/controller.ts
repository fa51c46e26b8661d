import type { Bus } from '../../src/bus/bus.ts';
import { createRpcClient, type RpcClient } from '../../src/bus/client.ts';
import { consumeEvents } from '../../src/bus/events.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { NodeEvent } from '../../src/core/messages.ts';
import { brokerNames } from '../../src/core/names.ts';
import { type OpenedHello, openHello, sealAnswer } from '../../src/trust/hello.ts';
import type { TestBroker } from './broker.ts';
import { testPki } from './pki.ts';

/** Just enough of a controller to bring a daemon in: hears hellos, answers them, asks nodes, hears their events. */
export interface MiniController {
  readonly bus: Bus;
  readonly rpc: RpcClient;
  readonly hellos: OpenedHello[];
  readonly events: { readonly sender: string; readonly event: NodeEvent['event'] }[];
  /** How the next hellos are answered. */
  answer: 'accept' | 'refuse' | 'silence';
  readonly certificatePem: string;
}

/** Starts one named `controller` on a broker whose layout knows it and the collective `provisioning`. */
export async function startMiniController(broker: TestBroker): Promise<MiniController> {
  const pki = await testPki();
  const own = await pki.holder('controller', 'controller');
  const bus = await broker.busOf('controller', 'controller');
  const common = { bus, log: silentLog, clock: systemClock };
  const rpc = createRpcClient({ ...common, sealer: own.sealer, opener: pki.opener });
  const mini: MiniController = {
    bus,
    rpc,
    hellos: [],
    events: [],
    answer: 'accept',
    certificatePem: own.certificatePem,
  };
  const answerTo = async (opened: OpenedHello) => {
    mini.hellos.push(opened);
    if (mini.answer === 'silence') return;
    const { hello, thumb } = opened;
    const stamp = { v: 1, typ: 'hello_answer', iat_ms: Date.now(), ttl_s: 60, nonce: hello.nonce } as const;
    const identity = hello.instance_id;
    if (mini.answer === 'accept') await broker.admin.addNodeUser(identity, ['provisioning']);
    const certificate = pki.ca.issue({
      name: identity,
      role: 'node',
      days: 1,
      publicKeyPem: hello.bus_public_key,
    });
    const answer =
      mini.answer === 'accept'
        ? ({
            ...stamp,
            accepted: true,
            run: `run-${identity}`,
            identity,
            certificate,
            collective: 'provisioning',
          } as const)
        : ({ ...stamp, accepted: false, reason: 'TOKEN', retry_in_s: 1 } as const);
    const sealed = sealAnswer(answer, { sealer: own.sealer, busPublicKeyPem: hello.bus_public_key });
    await bus.publish({ exchange: brokerNames.helloExchange, key: brokerNames.inboxKey(thumb) }, sealed, {
      ttlS: 60,
      deadlineS: 10,
    });
  };
  await bus.subscribe(
    { queue: brokerNames.helloQueue },
    (body, delivery) => {
      void answerTo(openHello(body, { controllerKeyPem: own.keyPem })).finally(() => delivery.ack());
    },
    { ack: 'each', prefetch: 10 },
  );
  await consumeEvents({ ...common, opener: pki.opener }, async (event, sender) => {
    mini.events.push({ sender: sender.name, event });
  });
  return mini;
}

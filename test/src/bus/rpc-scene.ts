import { afterEach, beforeEach } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import type { RpcClient } from '../../../src/bus/client.ts';
import { type MiniBroker, startMiniBroker } from '../../kit/broker-mini.ts';
import { clientOf, miniBus } from './rpc-kit.ts';

/** A mini broker with both ends of a call, new for each test of a file. */
export interface RpcScene {
  readonly broker: MiniBroker;
  /** Where nodes serve. */
  readonly nodeBus: Bus;
  readonly callerBus: Bus;
  /** The controller `ctl`, on {@link callerBus}. */
  readonly client: RpcClient;
}

/** Starts all of it before each test of the file that calls this, and ends it afterwards. */
export function rpcScene(): RpcScene {
  let now: RpcScene;
  beforeEach(async () => {
    const broker = await startMiniBroker();
    const nodeBus = miniBus(broker);
    const callerBus = miniBus(broker);
    const client = await clientOf(callerBus, 'ctl', 'controller');
    now = { broker, nodeBus, callerBus, client };
  });
  afterEach(async () => {
    await Promise.all([now.nodeBus.close(), now.callerBus.close()]);
    await now.broker.stop();
  });
  return {
    get broker() {
      return now.broker;
    },
    get nodeBus() {
      return now.nodeBus;
    },
    get callerBus() {
      return now.callerBus;
    },
    get client() {
      return now.client;
    },
  };
}

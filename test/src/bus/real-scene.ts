import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';

/** The collectives of the broker of {@link realScene}. */
export const collectives = ['provisioning', 'mcollective'];

/** A node of `provisioning`, beside `web2`. */
export const NODE = 'web1.example.org';

/** One RabbitMQ for a test file, with the controller `ctl`, the operator `alice` and two nodes. */
export interface RealScene {
  readonly broker: TestBroker;
  /** The opened bus, which ends with its test. */
  bus(opening: Promise<Bus>): Promise<Bus>;
  /** A bus of {@link NODE}, or of another node that has a user. */
  nodeBus(name?: string): Promise<Bus>;
  controllerBus(): Promise<Bus>;
}

/** Starts the broker before the tests of the file that calls this, and stops it after them. */
export function realScene(): RealScene {
  let broker: TestBroker;
  const buses: Bus[] = [];
  beforeAll(async () => {
    broker = await startBroker({ collectives, controllers: ['ctl'], operators: ['alice'] });
    await broker.admin.addNodeUser(NODE, ['provisioning']);
    await broker.admin.addNodeUser('web2', ['provisioning']);
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });
  afterAll(() => broker?.stop());

  const bus = async (opening: Promise<Bus>) => {
    const opened = await opening;
    buses.push(opened);
    return opened;
  };
  return {
    get broker() {
      return broker;
    },
    bus,
    nodeBus: (name = NODE) => bus(broker.busOf(name, 'node')),
    controllerBus: () => bus(broker.busOf('ctl', 'controller')),
  };
}

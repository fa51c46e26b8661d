import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Bus, BusOptions } from '../../../src/bus/bus.ts';
import { openBus } from '../../../src/bus/connection.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { type MiniBroker, startMiniBroker } from '../../kit/broker-mini.ts';

/** Where {@link MiniScene.subscribed} listens when it is told no key. */
export const atX = { exchange: 'x', key: 'a' };

/** Times that a message is in no danger of missing. */
export const inTime = { ttlS: 60, deadlineS: 5 };

/** A mini broker that is new for each test of a file. */
export interface MiniScene {
  readonly broker: MiniBroker;
  /** A bus to the broker or to another port of this machine; it ends with its test. */
  open(options?: Partial<BusOptions>, port?: number): Bus;
  /** The bodies that this bus hears from now on in the exchange of {@link atX}. */
  subscribed(bus: Bus, key?: string): Promise<string[]>;
  /** Cuts the connection and waits for the next one. */
  reconnected(bus: Bus, how?: 'fin' | 'rst'): Promise<void>;
}

/** Starts a mini broker before each test of the file that calls this, and ends it with its buses afterwards. */
export function miniScene(): MiniScene {
  let broker: MiniBroker;
  const buses: Bus[] = [];
  beforeEach(async () => {
    broker = await startMiniBroker();
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await broker.stop();
  });
  return {
    get broker() {
      return broker;
    },
    open(options = {}, port = broker.port) {
      const bus = openBus({
        broker: { host: '127.0.0.1', port, vhost: '/muster', handshakeMs: 500 },
        log: silentLog,
        clock: systemClock,
        backoffBaseMs: 5,
        ...options,
      });
      buses.push(bus);
      return bus;
    },
    async subscribed(bus, key = atX.key) {
      const bodies: string[] = [];
      const from = { exchange: atX.exchange, key };
      await bus.subscribe(from, (body) => bodies.push(body.toString()), { ack: 'auto' });
      return bodies;
    },
    async reconnected(bus, how) {
      const { connections } = broker;
      broker.drop(how);
      await vi.waitFor(() => expect(broker.connections).toBeGreaterThan(connections));
      await vi.waitFor(() => expect(bus.state).toBe('up'));
    },
  };
}

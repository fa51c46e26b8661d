import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bus, BusOptions } from '../../../src/bus/bus.ts';
import { openBus } from '../../../src/bus/connection.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { type MiniBroker, startMiniBroker } from '../../kit/broker-mini.ts';

let broker: MiniBroker;
const buses: Bus[] = [];
const atX = { exchange: 'x', key: 'a' };
const inTime = { ttlS: 60, deadlineS: 5 };

beforeEach(async () => {
  broker = await startMiniBroker();
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  await broker.stop();
});

function open(options: Partial<BusOptions> = {}, port = broker.port): Bus {
  const bus = openBus({
    broker: { host: '127.0.0.1', port, vhost: '/muster', handshakeMs: 500 },
    log: silentLog,
    clock: systemClock,
    backoffBaseMs: 5,
    ...options,
  });
  buses.push(bus);
  return bus;
}

async function subscribed(bus: Bus, key = 'a'): Promise<string[]> {
  const bodies: string[] = [];
  await bus.subscribe({ exchange: 'x', key }, (body) => bodies.push(body.toString()), { ack: 'auto' });
  return bodies;
}

/** Cuts the connection and waits for the next one. */
async function reconnected(bus: Bus, how?: 'fin' | 'rst'): Promise<void> {
  const { connections } = broker;
  broker.drop(how);
  await vi.waitFor(() => expect(broker.connections).toBeGreaterThan(connections));
  await vi.waitFor(() => expect(bus.state).toBe('up'));
}

describe('a bus that is refused something', () => {
  it('keeps trying after a refused login, unless the caller wants to know at once', async () => {
    let refuse = true;
    broker.faults.error = ({ command }) =>
      refuse && command === 'CONNECT' ? { message: 'Bad CONNECT', body: 'Access refused' } : null;
    const bus = open();
    await expect(bus.ready({ giveUpOnRefusal: true })).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    const patient = bus.ready({ timeoutS: 5 });
    refuse = false;
    await patient;
  });

  it('tells a refused subscription with the words of the broker, and does not spin', async () => {
    broker.faults.error = ({ command, headers }) =>
      command === 'SUBSCRIBE' && headers.destination === '/exchange/x/forbidden'
        ? { message: 'access_refused', body: 'no' }
        : null;
    const bus = open();
    const bodies = await subscribed(bus);
    await expect(subscribed(bus, 'forbidden')).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      message: 'the broker says: access_refused: no',
    });
    await bus.ready({ timeoutS: 5 });
    const connections = broker.connections;
    await bus.publish(atX, Buffer.from('fine'), inTime);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(bodies).toEqual(['fine']);
    expect(broker.connections).toBe(connections);
  });

  it('finds the one refused message among many and delivers all others', async () => {
    broker.faults.error = ({ command, body }) =>
      command === 'SEND' && body.toString() === '7' ? { message: 'access_refused', body: 'no' } : null;
    const bus = open();
    const bodies = await subscribed(bus);
    const texts = Array.from({ length: 20 }, (_, i) => String(i));
    const results = await Promise.allSettled(
      texts.map((text) => bus.publish(atX, Buffer.from(text), inTime)),
    );
    expect(results.flatMap((result, i) => (result.status === 'rejected' ? [i] : []))).toEqual([7]);
    expect(new Set(bodies)).toEqual(new Set(texts.filter((text) => text !== '7')));
  });

  it('parks a subscription that is refused on a new connection and keeps the others', async () => {
    const bus = open();
    const bodies = await subscribed(bus);
    await subscribed(bus, 'moved');
    broker.faults.error = ({ command, headers }) =>
      command === 'SUBSCRIBE' && headers.destination === '/exchange/x/moved'
        ? { message: 'access_refused', body: 'moved' }
        : null;
    await reconnected(bus);
    await bus.publish(atX, Buffer.from('still here'), inTime);
    expect(bodies).toEqual(['still here']);
  });
});

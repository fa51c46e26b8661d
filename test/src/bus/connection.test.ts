import { describe, expect, it, vi } from 'vitest';
import type { BusState, Delivery } from '../../../src/bus/bus.ts';
import { atX, inTime, miniScene } from './mini-scene.ts';

const scene = miniScene();
const { open, subscribed, reconnected } = scene;

describe('a bus', () => {
  it('keeps what is published before it is connected, and sends it in order', async () => {
    const listener = open();
    const bodies = await subscribed(listener);
    const bus = open();
    await Promise.all(['1', '2', '3'].map((text) => bus.publish(atX, Buffer.from(text), inTime)));
    expect(bodies).toEqual(['1', '2', '3']);
  });

  it('comes back after a lost connection, with its subscriptions', async () => {
    const bus = open();
    const bodies = await subscribed(bus);
    for (const how of ['fin', 'rst'] as const) {
      await reconnected(bus, how);
      await bus.publish(atX, Buffer.from(how), inTime);
    }
    expect(bodies).toEqual(['fin', 'rst']);
  });

  it('sends again what had no receipt when the connection was lost', async () => {
    const bus = open();
    await bus.ready();
    scene.broker.faults.noReceipts = true;
    const published = bus.publish(atX, Buffer.from('again'), inTime);
    await vi.waitFor(() => expect(scene.broker.frames.some((frame) => frame.command === 'SEND')).toBe(true));
    scene.broker.faults.noReceipts = false;
    scene.broker.drop();
    await published;
    expect(scene.broker.frames.filter((frame) => frame.command === 'SEND')).toHaveLength(2);
  });

  it('rejects a message at its deadline when there is no broker', async () => {
    const bus = open({}, 1);
    await expect(bus.publish(atX, Buffer.from('x'), { ttlS: 60, deadlineS: 0.05 })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
  });

  it('rejects a message at its deadline when the broker gives no receipt', async () => {
    scene.broker.faults.noReceipts = false;
    const bus = open();
    await bus.ready();
    scene.broker.faults.noReceipts = true;
    await expect(bus.publish(atX, Buffer.from('x'), { ttlS: 60, deadlineS: 0.05 })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
  });

  it('refuses at once what does not fit into the outbox', async () => {
    const bus = open({}, 1);
    const results: Promise<unknown>[] = [];
    for (let i = 0; i < 5001; i++)
      results.push(
        bus.publish(atX, Buffer.from('x'), { ttlS: 60, deadlineS: 60 }).catch((error: unknown) => error),
      );
    const last = await results.at(-1);
    expect(last).toMatchObject({ code: 'BROKER_UNREACHABLE', message: expect.stringContaining('full') });
  });

  it('waits for a mute broker only as long as asked, and connects when it speaks again', async () => {
    scene.broker.faults.mute = true;
    const bus = open({ broker: { host: '127.0.0.1', port: scene.broker.port, vhost: '/', handshakeMs: 50 } });
    await expect(bus.ready({ timeoutS: 0.2 })).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
    scene.broker.faults.mute = false;
    await bus.ready({ timeoutS: 5 });
  });

  it('leaves a broker that does not confirm its subscriptions, and tries again', async () => {
    scene.broker.faults.noReceipts = true;
    const bus = open({ broker: { host: '127.0.0.1', port: scene.broker.port, vhost: '/', handshakeMs: 50 } });
    const making = subscribed(bus);
    await vi.waitFor(() => expect(scene.broker.connections).toBeGreaterThan(1));
    scene.broker.faults.noReceipts = false;
    const bodies = await making;
    await bus.publish(atX, Buffer.from('heard'), inTime);
    expect(bodies).toEqual(['heard']);
  });

  it('stops waiting when the signal says so', async () => {
    const bus = open({}, 1);
    await expect(bus.ready({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
  });

  it('drops the ack of a message that came over an older connection', async () => {
    const bus = open();
    const deliveries: Delivery[] = [];
    await bus.subscribe({ queue: 'q' }, (_, delivery) => deliveries.push(delivery), {
      ack: 'each',
      prefetch: 1,
    });
    scene.broker.deliver('/amq/queue/q', Buffer.from('x'));
    await vi.waitFor(() => expect(deliveries).toHaveLength(1));
    await reconnected(bus);
    deliveries[0]?.ack();
    scene.broker.deliver('/amq/queue/q', Buffer.from('x'));
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    deliveries[1]?.ack();
    deliveries[1]?.ack();
    await bus.publish(atX, Buffer.from('behind the acks'), inTime);
    const acks = scene.broker.frames.filter((frame) => frame.command === 'ACK');
    expect(acks.map((frame) => frame.headers.id)).toEqual(['a2']);
  });

  it('gives messages back, or drops them, as the handler says', async () => {
    const bus = open();
    const deliveries: Delivery[] = [];
    await bus.subscribe({ queue: 'q' }, (_, delivery) => deliveries.push(delivery), {
      ack: 'each',
      prefetch: 5,
    });
    scene.broker.deliver('/amq/queue/q', Buffer.from('x'));
    scene.broker.deliver('/amq/queue/q', Buffer.from('y'));
    await vi.waitFor(() => expect(deliveries).toHaveLength(2));
    deliveries[0]?.nack({ requeue: true });
    deliveries[1]?.nack({ requeue: false });
    await bus.publish(atX, Buffer.from('behind the acks'), inTime);
    const nacks = scene.broker.frames.filter((frame) => frame.command === 'NACK');
    expect(nacks.map((frame) => frame.headers.requeue)).toEqual(['true', 'false']);
    const subscribe = scene.broker.frames.find((frame) => frame.command === 'SUBSCRIBE');
    expect(subscribe?.headers).toMatchObject({ ack: 'client-individual', 'prefetch-count': '5' });
  });

  it('lives on when a handler throws', async () => {
    const bus = open();
    let calls = 0;
    const handler = () => {
      calls += 1;
      throw new Error('handler');
    };
    await bus.subscribe(atX, handler, { ack: 'auto' });
    for (let i = 0; i < 2; i++) await bus.publish(atX, Buffer.from('x'), inTime);
    expect(calls).toBe(2);
  });

  it('hears nothing more of a closed subscription', async () => {
    const bus = open();
    const bodies: string[] = [];
    const subscription = await bus.subscribe(atX, (body) => bodies.push(body.toString()), { ack: 'auto' });
    await bus.publish(atX, Buffer.from('1'), inTime);
    await subscription.close();
    await bus.publish(atX, Buffer.from('2'), inTime);
    expect(bodies).toEqual(['1']);
  });

  it('sends what is in the outbox before it closes, and then refuses', async () => {
    const states: BusState[] = [];
    const bus = open({ onState: (state) => states.push(state) });
    await bus.ready();
    scene.broker.faults.slowMs = 50;
    const published = bus.publish(atX, Buffer.from('last words'), inTime);
    await bus.close();
    await published;
    expect(states).toEqual(['up', 'closing', 'closed']);
    await expect(bus.publish(atX, Buffer.from('x'), inTime)).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
    await expect(bus.subscribe(atX, () => undefined, { ack: 'auto' })).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
    });
    await expect(bus.ready()).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('refuses names that the broker would read otherwise', async () => {
    const bus = open();
    for (const key of ['a/b', 'a%2Fb', '', 'x'.repeat(256)])
      await expect(bus.publish({ exchange: 'x', key }, Buffer.from('x'), inTime)).rejects.toMatchObject({
        code: 'BROKER_REFUSED',
      });
  });
});

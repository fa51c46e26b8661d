import { describe, expect, it } from 'vitest';
import { atX, inTime, miniScene } from './mini-scene.ts';

const scene = miniScene();
const { open, subscribed, reconnected } = scene;

describe('a bus that is refused something', () => {
  it('keeps trying after a refused login, unless the caller wants to know at once', async () => {
    let refuse = true;
    scene.broker.faults.error = ({ command }) =>
      refuse && command === 'CONNECT' ? { message: 'Bad CONNECT', body: 'Access refused' } : null;
    const bus = open();
    await expect(bus.ready({ giveUpOnRefusal: true })).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    const patient = bus.ready({ timeoutS: 5 });
    refuse = false;
    await patient;
  });

  it('tells a refused subscription with the words of the broker, and does not spin', async () => {
    scene.broker.faults.error = ({ command, headers }) =>
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
    const connections = scene.broker.connections;
    await bus.publish(atX, Buffer.from('fine'), inTime);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(bodies).toEqual(['fine']);
    expect(scene.broker.connections).toBe(connections);
  });

  it('finds the one refused message among many and delivers all others', async () => {
    scene.broker.faults.error = ({ command, body }) =>
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
    scene.broker.faults.error = ({ command, headers }) =>
      command === 'SUBSCRIBE' && headers.destination === '/exchange/x/moved'
        ? { message: 'access_refused', body: 'moved' }
        : null;
    await reconnected(bus);
    await bus.publish(atX, Buffer.from('still here'), inTime);
    expect(bodies).toEqual(['still here']);
  });
});

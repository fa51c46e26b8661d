import { describe, expect, it } from 'vitest';
import { brokerNames } from '../../../src/core/names.ts';
import { NODE, realScene } from './real-scene.ts';

const inTime = { ttlS: 60, deadlineS: 10 };
const session = '0123456789abcdef';
const body = Buffer.from('x');
const scene = realScene();
const { bus, nodeBus, controllerBus } = scene;

describe('who has nothing but the public user data', () => {
  const thumb = 'a'.repeat(64);
  const listen = (key: string, exchange: string = brokerNames.helloExchange) => ({ exchange, key });

  it('can say hello and hear its own inbox', async () => {
    const stranger = await bus(scene.broker.helloBus());
    const heard: string[] = [];
    await stranger.subscribe(
      listen(brokerNames.inboxKey(thumb)),
      (message) => heard.push(message.toString()),
      { ack: 'auto' },
    );
    await stranger.publish(listen(brokerNames.helloKey), Buffer.from('hello'), inTime);
    const controller = await controllerBus();
    const hello = new Promise<string>((resolve) => {
      void controller.subscribe(
        { queue: brokerNames.helloQueue },
        (message, delivery) => {
          delivery.ack();
          resolve(message.toString());
        },
        { ack: 'each' },
      );
    });
    expect(await hello).toBe('hello');
    await controller.publish(listen(brokerNames.inboxKey(thumb)), Buffer.from('welcome'), inTime);
    await expect.poll(() => heard).toEqual(['welcome']);
  });

  it.each([
    ['muster.hello', '#'],
    ['muster.hello', 'inbox.#'],
    ['muster.hello', 'inbox.*'],
    ['muster.hello', 'hello'],
    ['muster.event', '#'],
    ['provisioning.request', 'all'],
    ['provisioning.request', '#'],
    ['provisioning.request', `node.${NODE}`],
    ['provisioning.reply', '#'],
    ['provisioning.reply', `op.ctl.${session}.#`],
    ['mcollective.request', 'all'],
    ['mcollective.request', `node.${NODE}`],
    ['mcollective.reply', '#'],
    ['muster.hello', `inbox.${thumb.slice(1)}*`],
    ['muster.event', NODE],
    ['amq.topic', '#'],
    ['amq.direct', 'x'],
    ['amq.headers', 'x'],
    ['amq.match', 'x'],
    ['amq.rabbitmq.trace', '#'],
    ['amq.rabbitmq.log', '#'],
    ['amq.rabbitmq.event', '#'],
    ['amq.fanout', 'x'],
  ])('cannot listen at %s %s', async (exchange, key) => {
    const stranger = await bus(scene.broker.helloBus());
    await expect(
      stranger.subscribe({ exchange, key }, () => undefined, { ack: 'auto' }),
    ).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });

  it.each(['muster.hello', 'muster.event', brokerNames.helloQueue, brokerNames.eventQueue, 'stray'])(
    'cannot take from the queue %s',
    async (queue) => {
      const stranger = await bus(scene.broker.helloBus());
      await expect(stranger.subscribe({ queue }, () => undefined, { ack: 'auto' })).rejects.toMatchObject({
        code: 'BROKER_REFUSED',
      });
    },
  );

  it.each([
    ['muster.hello', `inbox.${thumb}`],
    ['muster.hello', 'other'],
    ['muster.event', NODE],
    ['provisioning.request', 'all'],
    ['provisioning.request', `node.${NODE}`],
    ['provisioning.reply', `op.ctl.${session}.${NODE}`],
    ['mcollective.request', 'all'],
    ['mcollective.request', `node.${NODE}`],
    ['mcollective.reply', `op.ctl.${session}.${NODE}`],
    ['muster.event', 'hello'],
    ['amq.topic', 'x'],
    ['amq.direct', brokerNames.helloQueue],
    ['amq.fanout', 'x'],
    ['amq.headers', 'x'],
  ])('cannot send to %s %s', async (exchange, key) => {
    const stranger = await bus(scene.broker.helloBus());
    await expect(stranger.publish({ exchange, key }, body, inTime)).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
    });
  });
});

describe('a node', () => {
  it.each([
    ['provisioning.request', '#'],
    ['provisioning.request', 'node.*'],
    ['provisioning.request', 'node.web2'],
    ['provisioning.request', 'node.web1xexample.org'],
    ['mcollective.request', 'all'],
    ['provisioning.reply', '#'],
    ['provisioning.reply', `op.ctl.${session}.#`],
    ['muster.event', '#'],
    ['muster.hello', `inbox.${'a'.repeat(64)}`],
  ])('cannot listen at %s %s', async (exchange, key) => {
    const opened = await nodeBus();
    await expect(opened.subscribe({ exchange, key }, () => undefined, { ack: 'auto' })).rejects.toMatchObject(
      { code: 'BROKER_REFUSED' },
    );
  });

  it.each([
    ['provisioning.request', 'all'],
    ['provisioning.request', 'node.web2'],
    ['provisioning.reply', `op.ctl.${session}.web2`],
    ['provisioning.reply', `op.ctl.${session}.web1xexample.org`],
    ['provisioning.reply', `op.ctl.extra.${session}.${NODE}`],
    ['mcollective.reply', `op.ctl.${session}.${NODE}`],
    ['muster.event', 'web2'],
    ['muster.hello', 'hello'],
  ])('cannot send to %s %s', async (exchange, key) => {
    const opened = await nodeBus();
    await expect(opened.publish({ exchange, key }, body, inTime)).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
    });
  });

  it('can do what it has to', async () => {
    const opened = await nodeBus();
    await opened.publish({ exchange: 'provisioning.reply', key: `op.ctl.${session}.${NODE}` }, body, inTime);
    await opened.publish({ exchange: 'muster.event', key: NODE }, body, inTime);
    await opened.subscribe({ exchange: 'provisioning.request', key: 'all' }, () => undefined, {
      ack: 'auto',
    });
    await opened.subscribe({ exchange: 'provisioning.request', key: `node.${NODE}` }, () => undefined, {
      ack: 'auto',
    });
  });
});

describe('an operator', () => {
  it.each([
    ['provisioning.reply', `op.ctl.${session}.#`],
    ['provisioning.reply', '#'],
    ['provisioning.reply', 'op.alice.#'],
    ['provisioning.request', 'all'],
    ['muster.event', '#'],
  ])('cannot listen at %s %s', async (exchange, key) => {
    const opened = await bus(scene.broker.busOf('alice', 'operator'));
    await expect(opened.subscribe({ exchange, key }, () => undefined, { ack: 'auto' })).rejects.toMatchObject(
      { code: 'BROKER_REFUSED' },
    );
  });
});

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { adminApi } from '../../../src/bus/admin-api.ts';
import { HELLO_QUEUE } from '../../../src/bus/limits.ts';
import { brokerNames } from '../../../src/core/names.ts';
import { eventually } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';

const layout = {
  ...{ collectives: ['provisioning', 'mcollective'], controllers: ['ctl'], operators: [] },
  hello: { user: 'hello', password: 'hello' },
};
const name = brokerNames.helloQueue;
let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker(layout);
});
afterAll(() => broker?.stop());

const call = (...args: Parameters<ReturnType<typeof adminApi>>) => adminApi(broker.management)(...args);
const queue = async () => (await call('GET', ['queues', '/muster', name])) as { arguments: object };
/** As an earlier version, or somebody by hand, has made it. */
beforeEach(async () => {
  await call('DELETE', ['queues', '/muster', name]);
  await call('PUT', ['queues', '/muster', name], { durable: true, arguments: { 'x-max-length': 7 } });
});

const say = () =>
  call('POST', ['exchanges', '/muster', 'amq.default', 'publish'], {
    ...{ properties: {}, routing_key: name, payload: 'x', payload_encoding: 'string' },
  });

test('a queue with other limits that is empty and unread is made anew, and hellos reach it', async () => {
  await broker.admin.setupBroker(layout);
  expect((await queue()).arguments).toEqual(HELLO_QUEUE);
  const bindings = (await call('GET', [
    'bindings',
    '/muster',
    'e',
    brokerNames.helloExchange,
    'q',
    name,
  ])) as object[];
  expect(bindings).toMatchObject([{ routing_key: brokerNames.helloKey }]);
  // And a setup that changes nothing leaves what waits.
  await say();
  await broker.admin.setupBroker(layout);
  await eventually(async () =>
    /\t1$/m.test(await broker.ctl('list_queues', '-p', '/muster', 'name', 'messages')),
  );
});

test('one in which something waits is left alone, and the error says what to do', async () => {
  await say();
  await expect(broker.admin.setupBroker(layout)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(
      /muster\.hello\.queue .*stop them.*rabbitmqctl delete_queue -p \/muster muster\.hello\.queue/,
    ),
  });
  expect((await queue()).arguments).toEqual({ 'x-max-length': 7 });
});

test('one that a controller reads is left alone', async () => {
  const bus = await broker.busOf('ctl', 'controller');
  await bus.subscribe({ queue: name }, () => undefined, { ack: 'each', prefetch: 1 });
  await expect(broker.admin.setupBroker(layout)).rejects.toMatchObject({ code: 'CONFLICT' });
  await bus.close();
  await eventually(async () => {
    const thrown = await broker.admin.setupBroker(layout).catch((error: unknown) => error);
    return thrown === undefined;
  });
  expect((await queue()).arguments).toEqual(HELLO_QUEUE);
});

test('an exchange of another type is named, with what to do', async () => {
  const exchange = brokerNames.replyExchange('mcollective');
  await call('DELETE', ['exchanges', '/muster', exchange]);
  await call('PUT', ['exchanges', '/muster', exchange], { type: 'fanout', durable: true });
  await expect(broker.admin.setupBroker(layout)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(
      /mcollective\.reply of \/muster is of type fanout, expected topic: delete it/,
    ),
  });
  await call('DELETE', ['exchanges', '/muster', exchange]);
  await broker.admin.setupBroker(layout);
});

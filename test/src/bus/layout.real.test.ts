import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { brokerNames } from '../../../src/core/names.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { type RawFrame, type RawLogin, rawStomp } from '../../kit/raw-stomp.ts';

/** Every exchange that the broker has × every key that means something × listening and sending, for each login. */
const COLLECTIVES = ['provisioning', 'mcollective'];
const NODE = 'web1.example.org';
const THUMB = 'a'.repeat(64);
const SESSION = '0123456789abcdef';
const KEYS = [
  ...[
    '#',
    '*',
    'all',
    'hello',
    '*.*',
    '#.all',
    `inbox.${THUMB}`,
    'inbox.*',
    'inbox.#',
    `inbox.${'b'.repeat(63)}`,
  ],
  ...[`node.${NODE}`, 'node.web2', 'node.*', 'node.#', NODE, 'web2'],
  ...[
    `op.ctl.${SESSION}.${NODE}`,
    `op.ctl.${SESSION}.web2`,
    `op.ctl.${SESSION}.#`,
    `op.alice.${SESSION}.#`,
    'op.#',
  ],
];

/** What the layout is meant to allow, said once more and by hand: `listen|send exchange key`. */
const ALLOWED: Readonly<Record<'stranger' | 'node' | 'operator', readonly string[]>> = {
  stranger: ['send muster.hello hello', `listen muster.hello inbox.${THUMB}`],
  node: [
    'listen provisioning.request all',
    `listen provisioning.request node.${NODE}`,
    `send provisioning.reply op.ctl.${SESSION}.${NODE}`,
    `send muster.event ${NODE}`,
  ],
  operator: [
    ...['all', `node.${NODE}`, 'node.web2', 'node.*', 'node.#'].flatMap((key) =>
      COLLECTIVES.map((collective) => `send ${collective}.request ${key}`),
    ),
    ...COLLECTIVES.map((collective) => `listen ${collective}.reply op.alice.${SESSION}.#`),
  ],
};

/** As the management API lists them. */
const Queues = z.array(z.object({ name: z.string(), effective_policy_definition: z.unknown() }));

let broker: TestBroker;
let logins: Record<keyof typeof ALLOWED, RawLogin>;
let exchanges: string[];

beforeAll(async () => {
  broker = await startBroker({ collectives: COLLECTIVES, controllers: ['ctl'], operators: ['alice'] });
  await broker.admin.addNodeUser(NODE, ['provisioning']);
  const pki = await testPki();
  const certOf = async (name: string, role: 'node' | 'operator') => {
    const { certificatePem: cert, keyPem: key } = await pki.holder(name, role);
    return { cert, key };
  };
  logins = {
    stranger: 'hello',
    node: await certOf(NODE, 'node'),
    operator: await certOf('alice', 'operator'),
  };
  const listed = await broker.ctl('list_exchanges', '-p', broker.vhost, '--no-table-headers', 'name');
  exchanges = listed.split('\n').filter((name) => name !== '');
});
afterAll(() => broker?.stop());

test('the broker has the exchanges of the layout and those that no RabbitMQ is without', () => {
  expect(exchanges).toEqual(
    expect.arrayContaining([
      brokerNames.helloExchange,
      brokerNames.eventExchange,
      ...COLLECTIVES.flatMap((name) => [brokerNames.requestExchange(name), brokerNames.replyExchange(name)]),
      'amq.topic',
    ]),
  );
});

test.each(['stranger', 'node', 'operator'] as const)(
  '%s: may do what the layout says on every exchange, and nothing else',
  async (who) => {
    const taken: string[] = [];
    for (const exchange of exchanges) {
      for (const key of KEYS) {
        const destination = `/exchange/${exchange}/${key}`;
        for (const [word, command] of [
          ['listen', 'SUBSCRIBE'],
          ['send', 'SEND'],
        ] as const) {
          const answer = await rawStomp(broker, logins[who], { command, destination });
          if (answer === 'taken') taken.push(`${word} ${exchange} ${key}`);
        }
      }
    }
    expect(taken.sort()).toEqual([...ALLOWED[who]].sort());
  },
);

describe('past exchanges', () => {
  const { helloQueue, eventQueue } = brokerNames;
  const frames: RawFrame[] = [
    ...[
      `/queue/${helloQueue}`,
      `/amq/queue/${helloQueue}`,
      `/queue/${eventQueue}`,
      `/amq/queue/${eventQueue}`,
    ].flatMap((destination): RawFrame[] => [
      { command: 'SUBSCRIBE', destination },
      { command: 'SEND', destination },
    ]),
    { command: 'SUBSCRIBE', destination: '/queue/mine' },
    { command: 'SEND', destination: '/queue/mine' },
    { command: 'SUBSCRIBE', destination: '/topic/#' },
    { command: 'SEND', destination: '/topic/all' },
    { command: 'SUBSCRIBE', destination: '/temp-queue/mine' },
    { command: 'SEND', destination: `/amq/queue/stomp-subscription-of-another` },
    {
      command: 'SUBSCRIBE',
      destination: `/exchange/muster.hello/inbox.${THUMB}`,
      headers: { 'x-queue-name': 'another-name' },
    },
    {
      command: 'SUBSCRIBE',
      destination: `/exchange/muster.hello/inbox.${THUMB}`,
      headers: { 'x-queue-name': helloQueue },
    },
  ];

  test.each(frames)('a stranger is refused $command $destination $headers', async (frame) => {
    expect(await rawStomp(broker, 'hello', frame)).toMatch(/^refused: /);
  });

  test.each(frames)('a node is refused $command $destination $headers', async (frame) => {
    expect(await rawStomp(broker, logins.node, frame)).toMatch(/^refused: /);
  });

  test('the public login reaches no other virtual host and no management', async () => {
    const hello: RawFrame = { command: 'SEND', destination: '/exchange/muster.hello/hello' };
    expect(await rawStomp(broker, 'hello', hello)).toBe('taken');
    expect(await rawStomp({ ...broker, vhost: '/' }, 'hello', hello)).toMatch(/^refused: /);
    const authorization = `Basic ${Buffer.from('hello:hello').toString('base64')}`;
    for (const path of ['whoami', 'queues', 'connections', 'bindings', 'definitions', 'users']) {
      const { status } = await fetch(`${broker.management.url}/api/${path}`, { headers: { authorization } });
      expect([path, status]).toEqual([path, 401]);
    }
  });

  test('a queue that a stranger means to leave behind ends by itself, and its length is bounded', async () => {
    const destination = `/exchange/muster.hello/inbox.${THUMB}`;
    const headers = { durable: 'true', 'auto-delete': 'false' };
    expect(await rawStomp(broker, 'hello', { command: 'SUBSCRIBE', destination, headers })).toBe('taken');
    const { url, user, password } = broker.management;
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const left = async () => {
      const answer = await fetch(`${url}/api/queues/${encodeURIComponent(broker.vhost)}`, {
        headers: { authorization },
      });
      const queues = Queues.parse(await answer.json());
      return queues.find(({ name }) => name.startsWith('stomp-subscription-'))?.effective_policy_definition;
    };
    const bounds = { expires: expect.any(Number), 'max-length-bytes': expect.any(Number) };
    await expect.poll(left, { timeout: 20_000 }).toMatchObject(bounds);
  });
});

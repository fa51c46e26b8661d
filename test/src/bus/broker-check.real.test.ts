import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminApi } from '../../../src/bus/admin-api.ts';
import { checkBroker } from '../../../src/bus/broker-check.ts';
import { readBrokerState } from '../../../src/bus/broker-state.ts';
import { brokerFindings } from '../../../src/cli/lib/broker-check.ts';
import { ControllerConfig } from '../../../src/core/config/controller.ts';
import { openCaBook } from '../../../src/trust/ca-book.ts';
import { tempDir } from '../../agent/temp.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';

const collectives = ['provisioning', 'mcollective'];
const wish = { vhost: '/muster', collectives, managementUser: 'muster', helloUser: 'hello' };
const layout = {
  ...{ collectives, controllers: ['ctl'], operators: ['alice'] },
  hello: { user: 'hello', password: 'hello' },
};
let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker(layout);
  await broker.admin.addNodeUser('web1.example.org', ['provisioning']);
  await broker.admin.addNodeUser('web2', collectives);
  await broker.admin.addMasterUser('puppet-1', ['mcollective']);
});
afterAll(() => broker?.stop());

async function found(): Promise<string[]> {
  const state = await readBrokerState({ ...broker.management, vhost: broker.vhost });
  return checkBroker(state, wish).map(({ code, what }) => `${code} ${what}`);
}

const rights = (user: string, write: string) =>
  adminApi(broker.management)('PUT', ['permissions', '/muster', user], { configure: '', write, read: '' });

/** The config of a controller of this name, with its files. */
async function configOf(name: string, days?: number): Promise<ControllerConfig> {
  const dir = await tempDir();
  const { ca, holder } = await testPki();
  const { keyPem, publicKeyPem, ...made } = await holder(name, 'controller');
  const certificatePem =
    days === undefined ? made.certificatePem : ca.issue({ name, role: 'controller', publicKeyPem, days });
  const files = { 'ca.pem': ca.certificatePem, certificate: certificatePem, key: keyPem };
  const all = { ...files, password: broker.management.password };
  await Promise.all(Object.entries(all).map(([file, text]) => writeFile(join(dir, file), text)));
  return ControllerConfig.parse({
    broker: {
      ...{ host: broker.host, port: broker.port, management_url: broker.management.url },
      management_password_file: join(dir, 'password'),
    },
    trust: { dir, certificate: join(dir, 'certificate'), key: join(dir, 'key') },
  });
}

/** Plants a hole, looks, and mends it again. */
interface Hole {
  readonly name: string;
  readonly expected: RegExp;
  plant(): Promise<unknown>;
  mend(): Promise<unknown>;
}

const HOLES: readonly Hole[] = [
  {
    name: 'the user guest',
    expected: /^GUEST /,
    plant: () => broker.ctl('add_user', 'guest', 'guest'),
    mend: () => broker.admin.setupBroker(layout),
  },
  {
    name: 'a password on a node',
    expected: /^PASSWORD .*web2/,
    plant: () => broker.ctl('change_password', 'web2', 'secret'),
    mend: () => broker.ctl('clear_password', 'web2'),
  },
  {
    name: 'another administrator',
    expected: /^ADMINISTRATOR .*root/,
    plant: async () => {
      await broker.ctl('add_user', 'root', 'x');
      await broker.ctl('clear_password', 'root');
      await broker.ctl('set_user_tags', 'root', 'administrator');
    },
    mend: () => broker.ctl('delete_user', 'root'),
  },
  {
    name: 'rights of a node that are too wide',
    expected: /^TOO_WIDE .*web2 has rights that setup never gives: write \.\*/,
    plant: () => rights('web2', '.*'),
    mend: () => broker.admin.addNodeUser('web2', collectives),
  },
  {
    name: 'a user that nobody knows, with rights',
    expected: /^TOO_WIDE .*stray/,
    plant: async () => {
      await broker.ctl('add_user', 'stray', 'x');
      await broker.ctl('clear_password', 'stray');
      await rights('stray', '^provisioning\\.request$');
    },
    mend: () => broker.ctl('delete_user', 'stray'),
  },
  {
    name: 'keys of others that a node may use',
    expected: /^TOO_WIDE .*web2 may use keys that are not its own/,
    plant: () =>
      broker.ctl('set_topic_permissions', '-p', '/muster', 'web2', 'provisioning.request', '^$', '.*'),
    mend: () => broker.admin.addNodeUser('web2', collectives),
  },
  {
    name: 'a node without any permission on keys',
    expected: /^TOO_WIDE .*web2 may use keys/,
    plant: () => broker.ctl('clear_topic_permissions', '-p', '/muster', 'web2', 'muster.event'),
    mend: () => broker.admin.addNodeUser('web2', collectives),
  },
  {
    name: 'rights on another virtual host',
    expected: /^TOO_WIDE .*alice has rights on the virtual host \//,
    plant: async () => {
      await broker.ctl('set_permissions', '-p', '/', 'alice', '.*', '.*', '.*');
    },
    mend: () => broker.ctl('clear_permissions', '-p', '/', 'alice'),
  },
  {
    name: 'an exchange of another type',
    expected: /^EXCHANGE_TYPE .*mcollective\.reply is of type direct/,
    plant: async () => {
      const call = adminApi(broker.management);
      await call('DELETE', ['exchanges', '/muster', 'mcollective.reply']);
      await call('PUT', ['exchanges', '/muster', 'mcollective.reply'], { type: 'direct', durable: true });
    },
    mend: async () => {
      await adminApi(broker.management)('DELETE', ['exchanges', '/muster', 'mcollective.reply']);
      await broker.admin.setupBroker(layout);
    },
  },
  {
    name: 'a queue without limits',
    expected: /^QUEUE_UNLIMITED queue stray may grow/,
    plant: () => adminApi(broker.management)('PUT', ['queues', '/muster', 'stray'], { durable: true }),
    mend: () => adminApi(broker.management)('DELETE', ['queues', '/muster', 'stray']),
  },
  {
    name: 'subscriptions without limits',
    expected: /^QUEUE_UNLIMITED there is no policy/,
    plant: () => broker.ctl('clear_policy', '-p', '/muster', 'muster-subscriptions'),
    mend: () => broker.admin.setupBroker(layout),
  },
  {
    name: 'a hello login without limits',
    expected: /^USER_UNLIMITED .*hello/,
    plant: () => broker.ctl('clear_user_limits', 'hello', 'max-connections'),
    mend: () => broker.admin.setupBroker(layout),
  },
];

describe('the check of a real broker', () => {
  test('finds nothing on a fresh setup, with nodes and masters in it', async () => {
    expect(await found()).toEqual([]);
  });

  test.each(HOLES)(
    'finds $name, and nothing any more when it is mended',
    async ({ expected, plant, mend }) => {
      await plant();
      const findings = await found();
      expect(findings.filter((line) => expected.test(line))).toHaveLength(1);
      await mend();
      expect(await found()).toEqual([]);
    },
  );

  test('of the command tries the login by certificate too', async () => {
    expect(await brokerFindings(await configOf('ctl'))).toEqual([]);
    expect(await brokerFindings(await configOf('nobody'))).toMatchObject([
      { code: 'CERTIFICATE_LOGIN', severity: 'high' },
    ]);
  });

  test('names certificates that end soon: its own, and those of the book', async () => {
    // A minute, and begun five minutes ago.
    const config = await configOf('ctl', 1 / 1440);
    const entry = { at_ms: 0, role: 'operator', serial: 'aa', key: 'bb', not_before_ms: 0 } as const;
    const book = openCaBook(config.trust.dir);
    const inDays = (days: number) => Date.now() + days * 86_400_000;
    book.record({ ...entry, name: 'carol', not_after_ms: inDays(20.5) });
    book.record({ ...entry, name: 'dave', not_after_ms: inDays(90) });
    const findings = await brokerFindings(config);
    expect(findings.map(({ code, severity, what }) => [code, severity, what])).toEqual([
      [
        'CERTIFICATE_ENDS',
        'medium',
        expect.stringMatching(
          /^the certificate of this config, .*certificate, ends on .*, in less than a day$/,
        ),
      ],
      ['CERTIFICATE_ENDS', 'low', expect.stringMatching(/of the operator carol ends on .*, in 20 days$/)],
    ]);
  });

  test('finds nothing laid out where nothing was', async () => {
    const state = await readBrokerState({ ...broker.management, vhost: '/none' });
    expect(checkBroker(state, { ...wish, vhost: '/none' })).toContainEqual(
      expect.objectContaining({ code: 'NOT_LAID_OUT' }),
    );
  });

  test.each([
    ['amqp', '::', 'LISTENER_PLAIN'],
    ['stomp', '0.0.0.0', 'LISTENER_PLAIN'],
    ['mqtt', '10.0.0.1', 'LISTENER_PLAIN'],
    ['http', '::', 'MANAGEMENT_OPEN'],
  ])('finds %s on %s', async (protocol, address, code) => {
    const state = await readBrokerState({ ...broker.management, vhost: broker.vhost });
    const listeners = [...state.listeners, { protocol, ip_address: address, port: 1 }];
    expect(checkBroker({ ...state, listeners }, wish)).toMatchObject([{ code, severity: 'high' }]);
  });
});

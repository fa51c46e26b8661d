import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { xmppAddress } from '../../notifiers/lib/xmpp-address.ts';
import { xmppError } from '../../notifiers/lib/xmpp-errors.ts';
import xmpp from '../../notifiers/xmpp.ts';
import { notifierConformance } from '../conformance/notifier.ts';
import { freePort, silentServer, tempFolder } from './services.ts';

let folder: Awaited<ReturnType<typeof tempFolder>>;
let password_file: string;
beforeAll(async () => {
  folder = await tempFolder();
  password_file = await folder.write('password', 'x');
});
afterAll(() => folder.remove());

const optionsFor = (port: number) =>
  xmpp.options.parse({
    service: `xmpps://127.0.0.1:${port}`,
    domain: 'xmpp.test',
    username: 'muster',
    password_file,
  });

notifierConformance(xmpp, {
  file: fileURLToPath(new URL('../../notifiers/xmpp.ts', import.meta.url)),
  validRecipient: 'xmpp:oncall@example.org',
  invalidRecipients: [
    'xmpp:',
    'xmpp:example.org',
    'xmpp:oncall@example.org/phone',
    'xmpp:a@example.org?message;body=x',
    'xmpp:a@example.org?join;password=x',
    'xmpp://account@example.org/oncall@example.org',
    'xmpp:a%@example.org',
    'xmpp:a@example.org#x',
  ],
  secretRecipient: { url: 'xmpp:room@rooms.example.org?join;password=geheim', secret: 'geheim' },
  async silentService() {
    const { port, stop } = await silentServer();
    return { options: optionsFor(port), stop };
  },
  deadService: async () => optionsFor(await freePort()),
});

test('an address without ?join is a person, with it a room', () => {
  expect(xmppAddress(new URL('xmpp:On.Call@Example.org'))).toEqual({
    kind: 'chat',
    jid: 'on.call@example.org',
    domain: 'example.org',
  });
  expect(xmppAddress(new URL('xmpp:ops@rooms.example.org?join'))).toMatchObject({
    kind: 'room',
    jid: 'ops@rooms.example.org',
  });
});

test.each(['https://example.org', 'xmpp.example.org:5222', 'xmpps://user:pw@example.org', 'xmpps://h/path'])(
  'the service %s is refused when the options are read',
  (service) => {
    expect(xmpp.options.safeParse({ service, username: 'muster', password_file: 'x' }).success).toBe(false);
  },
);

const stanza = (condition: string, type: string) =>
  Object.assign(new Error(condition), { name: 'StanzaError', condition, type });

test.each([
  [stanza('service-unavailable', 'cancel'), 'NOTIFY_REJECTED'],
  [stanza('forbidden', 'auth'), 'NOTIFY_REJECTED'],
  [stanza('resource-constraint', 'wait'), 'NOTIFY_UNREACHABLE'],
  [stanza('remote-server-not-found', 'cancel'), 'NOTIFY_UNREACHABLE'],
  [Object.assign(new Error('x'), { name: 'SASLError', condition: 'not-authorized' }), 'NOTIFY_REJECTED'],
  [
    Object.assign(new Error('x'), { name: 'SASLError', condition: 'temporary-auth-failure' }),
    'NOTIFY_UNREACHABLE',
  ],
  [Object.assign(new Error('x'), { name: 'StreamError', condition: 'host-unknown' }), 'NOTIFY_UNREACHABLE'],
  [new Error('connect ECONNREFUSED'), 'NOTIFY_UNREACHABLE'],
  ['a text', 'NOTIFY_UNREACHABLE'],
])('%s says whether trying again may help', (thrown, code) => {
  expect(xmppError('test', thrown)).toMatchObject({ code });
});

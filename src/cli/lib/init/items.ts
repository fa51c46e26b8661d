import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ControllerConfig } from '../../../core/config/controller.ts';
import { configTemplate } from '../../../core/config/template.ts';
import { type CollectiveCa, createCa, loadCa } from '../../../trust/ca.ts';
import { writeWhole } from '../../../trust/files.ts';

/** What a person may choose. */
export interface InitWish {
  /** Usually `/etc/muster`. Absolute. */
  readonly dir: string;
  readonly systemdDir: string;
  readonly brokerHost: string;
  readonly operator: string;
  readonly group: string;
  /** How the controller is started: Node and the program. */
  readonly program: { readonly node: string; readonly muster: string };
}

/** One thing that must be there afterwards. */
export interface InitItem {
  readonly path: string;
  readonly what: string;
  /** Mode of its file; keys 0600. */
  readonly mode: number;
  /** What is written last, when that is another file: then it is whole. */
  readonly whole?: string;
  make(): Promise<void>;
}

const CALLER_DAYS = 365;

/** All files of a controller host, in the order in which they are made. Nothing is done yet. */
export function initItems(wish: InitWish): InitItem[] {
  const { dir } = wish;
  const pki = join(dir, 'pki');
  let ca: Promise<CollectiveCa> | undefined;
  const theCa = () => {
    ca ??= loadCa(pki);
    return ca;
  };
  const certificate = (
    name: string,
    what: string,
    role: 'controller' | 'operator' | 'server',
    sans: string[] = [],
  ) => ({
    path: join(pki, `${name}.key`),
    whole: join(pki, `${name}.pem`),
    what,
    mode: 0o600,
    async make() {
      await (await theCa()).issueToFiles({ name, role, days: CALLER_DAYS, sans, dir: pki });
    },
  });
  const file = (path: string, what: string, mode: number, text: () => string | Promise<string>) => ({
    ...{ path, what, mode },
    make: async () => writeWhole(path, await text(), { mode, replace: false }),
  });
  return [
    {
      path: join(pki, 'ca.key'),
      whole: join(pki, 'ca.pem'),
      what: 'the collective CA',
      mode: 0o600,
      async make() {
        await createCa(pki, { name: 'Muster collective CA' });
      },
    },
    certificate('controller', 'certificate of the controller', 'controller'),
    certificate(wish.operator, 'certificate of the first operator', 'operator'),
    certificate('broker', 'certificate of the broker', 'server', [wish.brokerHost, 'localhost', '127.0.0.1']),
    file(
      join(dir, 'broker-password'),
      "password of the broker's management API",
      0o600,
      () => `${secret()}\n`,
    ),
    file(join(dir, 'rabbitmq.conf'), 'settings for RabbitMQ', 0o644, rabbitConf),
    file(join(dir, 'muster.yaml'), 'config, every setting explained', 0o600, () => configText(wish)),
    file(join(wish.systemdDir, 'muster-controller.service'), 'systemd unit of the controller', 0o644, () =>
      unitText(wish),
    ),
  ];
}

/** What is at a path now: nothing, or its mode. */
export async function modeAt(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : found.mode & 0o777;
}

/** Makes one item, and the folder for it. Throws what the making throws. */
export async function makeItem(item: InitItem): Promise<void> {
  const folder = dirname(item.path);
  await mkdir(folder, { recursive: true, mode: item.mode === 0o600 ? 0o700 : 0o755 });
  await item.make();
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function configText({ dir, brokerHost, group }: InitWish): string {
  const head = '# Made by `muster init`. What is commented out is the default.\n';
  const text = configTemplate(ControllerConfig, {
    broker: {
      host: brokerHost,
      management_url: 'http://127.0.0.1:15672',
      management_password_file: join(dir, 'broker-password'),
    },
    trust: {
      dir: join(dir, 'pki'),
      certificate: join(dir, 'pki/controller.pem'),
      key: join(dir, 'pki/controller.key'),
    },
    groups: { [group]: { attestor: 'token', options: { token: secret() } } },
    userdata: { bundle_dir: join(dir, 'bundle') },
  });
  return `${head}\n${text}`;
}

/** *Source:* RabbitMQ's configuration guide; tried layout, MCollective peer notes section 5. */
function rabbitConf(): string {
  return `# Made by \`muster init\`: merge it into /etc/rabbitmq/rabbitmq.conf.
# Plug-ins: rabbitmq-plugins enable rabbitmq_stomp rabbitmq_management rabbitmq_auth_mechanism_ssl
listeners.tcp = none
stomp.listeners.tcp = none
stomp.listeners.ssl.1 = 61614
stomp.ssl_cert_login = true
stomp.implicit_connect = false
ssl_cert_login_from = common_name
ssl_options.cacertfile = /etc/rabbitmq/ca.pem
ssl_options.certfile = /etc/rabbitmq/broker.pem
ssl_options.keyfile = /etc/rabbitmq/broker.key
ssl_options.verify = verify_peer
# Nodes that say hello have no certificate yet.
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = 127.0.0.1
management.tcp.port = 15672
# Rates of messages for the management pages cost the broker time with every message.
management.rates_mode = none
`;
}

async function unitText({ dir, program }: InitWish): Promise<string> {
  const template = await readFile(
    new URL('../../../../infra/systemd/muster-controller.service', import.meta.url),
    'utf8',
  );
  return template
    .replace('@NODE@', program.node)
    .replace('@MUSTER@', program.muster)
    .replace('@CONFIG@', join(dir, 'muster.yaml'))
    .replace('@PKI@', join(dir, 'pki'));
}

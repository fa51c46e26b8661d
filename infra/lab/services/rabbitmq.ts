import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabPaths, PORTS, VHOST } from '../layout.ts';
import { tcpOpen } from './probe.ts';
import { programService, type Service } from './service.ts';

/** The user of the management API that `muster broker setup` and the controller log in as. */
export const BROKER_ADMIN = 'muster';

const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const PLUGINS = ['rabbitmq_management', 'rabbitmq_stomp', 'rabbitmq_auth_mechanism_ssl'];

/** Where the broker listens and what it shows. */
export interface RabbitOptions {
  /** The address that the host reaches: only there is the management API. */
  labAddress: string;
  password: string;
}

/**
 * rabbitmq.conf: STOMP over TLS only. A certificate of the collective CA logs its common name in; a node that has none
 * yet may connect too, and logs in as the user that `muster broker setup` limits to its hello.
 */
export function renderRabbitConf(paths: LabPaths, options: RabbitOptions): string {
  return [
    'listeners.tcp = none',
    `management.tcp.ip = ${options.labAddress}`,
    `management.tcp.port = ${PORTS.rabbitManagement}`,
    'management.rates_mode = none',
    `load_definitions = ${join(paths.rabbit, 'definitions.json')}`,
    'stomp.listeners.tcp = none',
    `stomp.listeners.ssl.1 = 0.0.0.0:${PORTS.stompTls}`,
    'stomp.ssl_cert_login = true',
    'stomp.implicit_connect = false',
    'ssl_cert_login_from = common_name',
    `ssl_options.cacertfile = ${paths.ca}`,
    `ssl_options.certfile = ${paths.servicesCertificate}`,
    `ssl_options.keyfile = ${paths.servicesKey}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = false',
    'ssl_options.versions.1 = tlsv1.3',
    'ssl_options.versions.2 = tlsv1.2',
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 100MB',
    '',
  ].join('\n');
}

/** Users and virtual hosts that exist from the first start on: with these, RabbitMQ never makes its guest. */
export function renderDefinitions(password: string, salt: Buffer = randomBytes(4)): string {
  const digest = createHash('sha256').update(salt).update(password).digest();
  const hash = Buffer.concat([salt, digest]).toString('base64');
  return JSON.stringify({
    users: [
      {
        name: BROKER_ADMIN,
        password_hash: hash,
        hashing_algorithm: 'rabbit_password_hashing_sha256',
        tags: ['administrator'],
      },
    ],
    vhosts: [{ name: VHOST }],
    permissions: [{ user: BROKER_ADMIN, vhost: VHOST, configure: '.*', write: '.*', read: '.*' }],
  });
}

/** RabbitMQ with all its state under STATE_DIR/rabbit. */
export function rabbitService(paths: LabPaths, options: RabbitOptions): Service {
  const at = (name: string) => join(paths.rabbit, name);
  return programService('rabbitmq', async () => {
    await mkdir(paths.rabbit, { recursive: true, mode: 0o700 });
    await writeFile(at('rabbitmq.conf'), renderRabbitConf(paths, options), { mode: 0o600 });
    await writeFile(at('definitions.json'), renderDefinitions(options.password), { mode: 0o600 });
    await writeFile(at('enabled_plugins'), `[${PLUGINS.join(',')}].\n`);
    await writeFile(at('rabbitmq-env.conf'), '');
    const ready = async () =>
      (await managementUp(options)) && (await tcpOpen(options.labAddress, PORTS.stompTls));
    const logPath = join(paths.log, 'rabbitmq.log');
    const env = rabbitEnv(paths);
    return { name: 'rabbitmq', argv: [PROGRAM], env, cwd: paths.rabbit, logPath, ready, readyLimitS: 120 };
  });
}

/** Names of everybody who is connected now. Throws when the management API does not answer. */
export async function connectedUsers(options: RabbitOptions): Promise<string[]> {
  const answer = await askManagement(options, 'connections?columns=user');
  return ((await answer.json()) as { user: string }[]).map((connection) => connection.user);
}

async function managementUp(options: RabbitOptions): Promise<boolean> {
  const answer = await askManagement(options, 'overview');
  await answer.body?.cancel();
  return answer.ok;
}

function askManagement({ labAddress, password }: RabbitOptions, path: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${BROKER_ADMIN}:${password}`).toString('base64')}`;
  const url = `http://${labAddress}:${PORTS.rabbitManagement}/api/${path}`;
  return fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(5000) });
}

function rabbitEnv(paths: LabPaths): NodeJS.ProcessEnv {
  const at = (name: string) => join(paths.rabbit, name);
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: paths.rabbit, // the Erlang cookie
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'lab@localhost',
    RABBITMQ_BASE: paths.rabbit,
    RABBITMQ_MNESIA_BASE: at('mnesia'),
    RABBITMQ_LOG_BASE: paths.log,
    RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: at('advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
    RABBITMQ_PLUGINS_EXPAND_DIR: at('expand'),
    RABBITMQ_CONF_ENV_FILE: at('rabbitmq-env.conf'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
}

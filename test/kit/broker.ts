import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrokerAdmin, createBrokerAdmin } from '../../src/bus/admin.ts';
import type { Bus, BusOptions } from '../../src/bus/bus.ts';
import { openBus } from '../../src/bus/connection.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Role } from '../../src/core/names.ts';
import { endGuard, guarded, killGroup } from './guarded.ts';
import { testPki } from './pki.ts';

const BIN = '/usr/lib/rabbitmq/bin';
const BOOT_MS = 60_000;
const MANAGEMENT = { user: 'muster', password: 'muster-test' };
const HELLO = { user: 'hello', password: 'hello' };

/** A private RabbitMQ with STOMP over TLS, certificates of the test PKI, and everything of it in one folder. */
export interface TestBroker {
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  readonly management: { readonly url: string; readonly user: string; readonly password: string };
  readonly admin: BrokerAdmin;
  /** A bus that logs in by the certificate of this holder of the test PKI; its broker user must be there. */
  busOf(name: string, role: Role, options?: Partial<BusOptions>): Promise<Bus>;
  /** A bus with nothing but what user data holds. */
  helloBus(options?: Partial<BusOptions>): Promise<Bus>;
  /** Stops and starts the broker's applications: all connections drop, the layout stays. */
  restart(): Promise<void>;
  /** SIGKILL: the broker is gone as when its machine is. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had on its disk. Fulfilled when it can be managed, too. */
  start(): Promise<void>;
  /** Fulfilled when something listens on the port. */
  listens(): Promise<void>;
  /** rabbitmqctl; gives its output. */
  ctl(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a broker with the layout of these collectives. It ends with `stop()`, or with the process. */
export async function startBroker(layout: {
  collectives: readonly string[];
  controllers?: readonly string[];
  operators?: readonly string[];
}): Promise<TestBroker> {
  const machine = await bootBroker(writeConfig);
  const { host, port, vhost, management } = machine;
  const admin = createBrokerAdmin({ ...management, vhost });
  try {
    await admin.setupBroker({ controllers: [], operators: [], hello: HELLO, ...layout });
  } catch (thrown) {
    await machine.stop();
    throw thrown;
  }
  const pki = await testPki();
  const ca = pki.ca.certificatePem;
  const common = { log: silentLog, clock: systemClock, backoffBaseMs: 100 };
  return {
    ...machine,
    admin,
    busOf: async (name, role, options = {}) => {
      const { certificatePem: cert, keyPem: key } = await pki.holder(name, role);
      return openBus({ broker: { host, port, vhost, tls: { ca, cert, key } }, ...common, ...options });
    },
    helloBus: async (options = {}) => {
      const login = { user: HELLO.user, passcode: HELLO.password };
      return openBus({ broker: { host, port, vhost, tls: { ca }, login }, ...common, ...options });
    },
    restart: async () => {
      await machine.ctl('stop_app');
      await machine.ctl('start_app');
    },
  };
}

/** Ports of a broker: STOMP over TLS, and the management API. */
interface BrokerPorts {
  readonly port: number;
  readonly managementPort: number;
}

/**
 * Starts a broker as `write` has laid its `rabbitmq.conf` into the folder, and nothing on it yet. Plug-ins are those that we
 * need. It ends with `stop()`, or with the process.
 */
export async function bootBroker(write: (dir: string, at: BrokerPorts) => Promise<void>) {
  const dir = mkdtempSync(join(tmpdir(), 'muster-broker-'));
  const ports = await freePorts(5);
  const [port = 0, managementPort = 0, amqpPort = 0, distPort = 0, epmdPort = 0] = ports;
  const management = { url: `http://127.0.0.1:${managementPort}`, ...MANAGEMENT };
  writeFileSync(
    join(dir, 'enabled_plugins'),
    '[rabbitmq_management,rabbitmq_stomp,rabbitmq_auth_mechanism_ssl].',
  );
  writeFileSync(join(dir, 'env.conf'), '');
  await write(dir, { port, managementPort });
  const env = environment(dir, { amqpPort, distPort, epmdPort });
  // Our own epmd in the foreground: one that the node starts by itself would outlive everything.
  const epmd = guarded(dir, env, ['epmd', '-port', String(epmdPort), '-address', '127.0.0.1']);
  let server: ChildProcess | undefined;
  const start = async () => {
    server = guarded(dir, env, [`${BIN}/rabbitmq-server`]);
    await Promise.all([answers(port), answers(managementPort)]);
  };
  const kill = async () => {
    if (server !== undefined) await killGroup(server);
    server = undefined;
  };
  const stop = async () => {
    await Promise.all([epmd, ...(server === undefined ? [] : [server])].map(endGuard));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await answers(epmdPort);
    await start();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const ctl = (...args: string[]) => output(`${BIN}/rabbitmqctl`, ['-q', ...args], env);
  return {
    host: '127.0.0.1',
    port,
    vhost: '/muster',
    management,
    env,
    ctl,
    kill,
    start,
    listens: () => answers(port),
    stop,
  };
}

async function writeConfig(dir: string, at: BrokerPorts): Promise<void> {
  const pki = await testPki();
  const server = await pki.holder('broker', 'server');
  writeFileSync(join(dir, 'ca.pem'), pki.ca.certificatePem);
  writeFileSync(join(dir, 'server.pem'), server.certificatePem);
  writeFileSync(join(dir, 'server.key'), server.keyPem, { mode: 0o600 });
  const lines = [
    'listeners.tcp = none',
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${at.managementPort}`,
    'management.rates_mode = none',
    'stomp.listeners.tcp = none',
    `stomp.listeners.ssl.1 = 127.0.0.1:${at.port}`,
    'stomp.ssl_cert_login = true',
    'stomp.implicit_connect = false',
    `ssl_options.cacertfile = ${dir}/ca.pem`,
    `ssl_options.certfile = ${dir}/server.pem`,
    `ssl_options.keyfile = ${dir}/server.key`,
    'ssl_options.verify = verify_peer',
    // Nodes that say hello have no certificate yet.
    'ssl_options.fail_if_no_peer_cert = false',
    'ssl_cert_login_from = common_name',
    `default_user = ${MANAGEMENT.user}`,
    `default_pass = ${MANAGEMENT.password}`,
    'default_user_tags.administrator = true',
    'loopback_users = none',
    'log.console = false',
    'log.file.level = info',
  ];
  writeFileSync(join(dir, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
}

function environment(
  dir: string,
  ports: { amqpPort: number; distPort: number; epmdPort: number },
): NodeJS.ProcessEnv {
  return {
    PATH: `${BIN}:${process.env.PATH}`,
    LANG: 'C.UTF-8',
    HOME: dir,
    RABBITMQ_NODENAME: `muster${ports.distPort}@localhost`,
    RABBITMQ_NODE_PORT: String(ports.amqpPort),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_BASE: dir,
    RABBITMQ_MNESIA_BASE: join(dir, 'mnesia'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(dir, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_PLUGINS_EXPAND_DIR: join(dir, 'expand'),
    RABBITMQ_CONF_ENV_FILE: join(dir, 'env.conf'),
    RABBITMQ_PID_FILE: join(dir, 'pid'),
    RABBITMQ_DIST_PORT: String(ports.distPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
}

/** Ports that are free now. They are held together before they are let go, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : 0);
        });
      }),
  );
  const numbers = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return numbers;
}

/** Fulfilled when something listens on the port. Rejects after a minute. */
async function answers(port: number): Promise<void> {
  const deadlineMs = Date.now() + BOOT_MS;
  while (Date.now() < deadlineMs) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function output(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${program} ${args.join(' ')}: ${text}`)),
    );
  });
}

import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testPki } from '../../kit/pki.ts';

/** How messages are made safe: a shared key hashed in, or RSA signatures of the caller as Muster's are. */
export type Security = 'psk' | 'ssl';

/** Where a private MCollective lives and what it speaks to. */
export interface Place {
  readonly dir: string;
  readonly port: number;
  readonly vhost: string;
  readonly security: Security;
}

/** Login of daemons and client; the connector knows no login by certificate. */
export const LOGIN = { user: 'mcollective', password: 'marionette' };

const DEBIAN = '/usr/lib/ruby/vendor_ruby/mcollective';
/** Psych 4 (Ruby 3.1) takes no positional arguments any more: facts would be silently empty, signed requests lost. */
const PATCHES = [
  {
    file: 'facts/yaml_facts.rb',
    from: 'YAML.safe_load(File.read(file), [Symbol], [], true)',
    to: 'YAML.safe_load(File.read(file), permitted_classes: [Symbol], aliases: true)',
  },
  {
    file: 'security/ssl.rb',
    from: 'YAML.safe_load(msg, [Symbol, Regexp])',
    to: 'YAML.safe_load(msg, permitted_classes: [Symbol, Regexp], aliases: true)',
  },
];

/** Makes the private copy of Debian's Ruby files, patched, with keys and the client's config. The system's are not touched. */
export async function writeMcollective(place: Place): Promise<void> {
  const { dir } = place;
  cpSync(DEBIAN, join(dir, 'lib/mcollective'), { recursive: true });
  cpSync(`${DEBIAN}.rb`, join(dir, 'lib/mcollective.rb'));
  for (const { file, from, to } of PATCHES) {
    const path = join(dir, 'lib/mcollective', file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${path} is not of MCollective 2.12.5`);
    writeFileSync(path, text.replace(from, to));
  }
  await writeKeys(dir);
  const facts = join(dir, 'client.yaml');
  writeFileSync(facts, '---\nrole: client\n');
  const client = ['logger_type = console', 'loglevel = warn', 'color = 0', `plugin.yaml = ${facts}`];
  writeFileSync(join(dir, 'client.cfg'), [...common(place), ...clientKeys(place), ...client, ''].join('\n'));
}

/** Writes the config of one daemon and gives its path. */
export function writeNode(place: Place, identity: string, facts: Readonly<Record<string, string>>): string {
  const dir = join(place.dir, 'nodes', identity);
  mkdirSync(dir, { recursive: true });
  const lines = Object.entries({ fqdn: `${identity}.example.net`, ...facts });
  writeFileSync(join(dir, 'facts.yaml'), `---\n${lines.map(([k, v]) => `${k}: '${v}'\n`).join('')}`);
  writeFileSync(join(dir, 'classes.txt'), 'base\n');
  const own = [
    `identity = ${identity}`,
    `logfile = ${dir}/log`,
    'loglevel = info',
    'daemonize = 0',
    `plugin.yaml = ${dir}/facts.yaml`,
    `classesfile = ${dir}/classes.txt`,
    'registerinterval = 0',
  ];
  const path = join(dir, 'server.cfg');
  writeFileSync(path, [...common(place), ...serverKeys(place), ...own, ''].join('\n'));
  return path;
}

async function writeKeys(dir: string): Promise<void> {
  const pki = await testPki();
  const tls = await pki.holder('mcollective', 'operator');
  writeFileSync(join(dir, 'ca.pem'), pki.ca.certificatePem);
  writeFileSync(join(dir, 'tls.pem'), tls.certificatePem);
  writeFileSync(join(dir, 'tls.key'), tls.keyPem, { mode: 0o600 });
  mkdirSync(join(dir, 'clients'));
  for (const name of ['server', 'bench']) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(join(dir, `${name}.pem`), pem);
    if (name === 'bench') writeFileSync(join(dir, 'clients/bench.pem'), pem);
    writeFileSync(join(dir, `${name}.key`), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600,
    });
  }
}

function common({ dir, port, vhost, security }: Place): string[] {
  const pool = 'plugin.rabbitmq.pool.1';
  return [
    'main_collective = mcollective',
    'collectives = mcollective',
    `libdir = ${dir}/lib`,
    'direct_addressing = 1',
    'connector = rabbitmq',
    `plugin.rabbitmq.vhost = ${vhost}`,
    'plugin.rabbitmq.heartbeat_interval = 30',
    'plugin.rabbitmq.pool.size = 1',
    `${pool}.host = 127.0.0.1`,
    `${pool}.port = ${port}`,
    `${pool}.user = ${LOGIN.user}`,
    `${pool}.password = ${LOGIN.password}`,
    `${pool}.ssl = 1`,
    `${pool}.ssl.ca = ${dir}/ca.pem`,
    `${pool}.ssl.cert = ${dir}/tls.pem`,
    `${pool}.ssl.key = ${dir}/tls.key`,
    `${pool}.ssl.fallback = 0`,
    'factsource = yaml',
    `securityprovider = ${security}`,
    ...(security === 'psk'
      ? ['plugin.psk = bench']
      : ['plugin.ssl_serializer = yaml', `plugin.ssl_server_public = ${dir}/server.pem`]),
  ];
}

function serverKeys({ dir, security }: Place): string[] {
  if (security === 'psk') return [];
  return [`plugin.ssl_server_private = ${dir}/server.key`, `plugin.ssl_client_cert_dir = ${dir}/clients`];
}

function clientKeys({ dir, security }: Place): string[] {
  if (security === 'psk') return [];
  return [`plugin.ssl_client_private = ${dir}/bench.key`, `plugin.ssl_client_public = ${dir}/bench.pem`];
}

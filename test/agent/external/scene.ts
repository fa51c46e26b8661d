import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AskReply } from '../../../src/bus/ask.ts';
import { consumeEvents } from '../../../src/bus/events.ts';
import { createRegistry } from '../../../src/controller/registry.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Ddl } from '../../../src/core/ddl.ts';
import { silentLog } from '../../../src/core/log.ts';
import { startBroker, type TestBroker } from '../../kit/broker.ts';
import { testPki } from '../../kit/pki.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { clientOf } from '../../src/bus/rpc-kit.ts';
import { contract, lay, program } from './kit.ts';

const source = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** A file of the agents that are written as a site would. */
export const fixture = (name: string) => source(`test/agent/external/fixtures/${name}`);
const PREFIX = 'external';
const COLLECTIVE = 'mcollective';

/** A daemon process with external agents on a real broker, an operator who asks it, and a registry that hears it. */
export interface ExternalScene {
  readonly agentsDir: string;
  /** Asks the node; the reply as it came. */
  ask(ddl: Ddl, action: string, data: Record<string, unknown>): Promise<AskReply<Record<string, unknown>>>;
  /** Agents of the node as the registry knows them. */
  registered(): Promise<readonly string[]>;
  /** A command of the operator's. */
  muster(...args: string[]): Promise<{ out: string; err: string; code: number }>;
  /** What the daemon has logged. */
  log(): string;
  isAlive(): boolean;
  end(): Promise<void>;
}

/** Starts all of it. */
export async function startExternalScene(): Promise<ExternalScene> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-external-'));
  const layout = { collectives: [COLLECTIVE], controllers: ['controller'], operators: ['alice'] };
  const [broker, redis] = await Promise.all([startBroker(layout), startRedis()]);
  const agentsDir = join(dir, 'agents');
  await layAgents(dir, agentsDir);
  const daemon = await startDaemon(broker, dir);
  const [hears, asks] = await Promise.all([
    broker.busOf('controller', 'controller'),
    broker.busOf('alice', 'operator'),
  ]);
  const registry = createRegistry(await redis.door(PREFIX), systemClock);
  const { opener } = await testPki();
  await consumeEvents({ bus: hears, opener, log: silentLog, clock: systemClock }, async (event, sender) => {
    const { name: identity, role } = sender;
    if (event.kind !== 'registration' || (role !== 'node' && role !== 'master')) return;
    const { agents, facts, classes, collectives, version } = event;
    await registry.heard({ identity, role, agents, facts, classes, collectives, version });
  });
  const client = await clientOf(asks, 'alice', 'operator');
  const config = await operatorConfig({ broker, redis, agentsDir }, dir);
  return {
    agentsDir,
    async ask(ddl, action, data) {
      const options = { to: ['box1'], expected: ['box1'], timeoutS: 20 };
      const { replies } = await client.ask(COLLECTIVE, ddl, action, data, options);
      const [reply] = replies;
      if (reply === undefined) throw new Error(`no answer to ${ddl.name}#${action}`);
      return reply;
    },
    registered: async () => (await registry.get('box1'))?.agents ?? [],
    muster: (...args) => muster([...args, '--config', config]),
    log: daemon.log,
    isAlive: () => daemon.process.exitCode === null && daemon.process.signalCode === null,
    async end() {
      const gone = new Promise((resolve) => daemon.process.once('exit', resolve));
      if (daemon.process.kill('SIGTERM')) await gone;
      await Promise.all([hears.close(), asks.close()]);
      await Promise.all([broker.stop(), redis.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function layAgents(dir: string, agentsDir: string): Promise<void> {
  await mkdir(agentsDir);
  await mkdir(join(dir, 'machine'));
  for (const name of ['greet', 'disk'])
    for (const file of [name, `${name}.json`]) await copyFile(fixture(file), join(agentsDir, file));
  const no = program('', `echo '{"activate": false}' >"$CHORIA_EXTERNAL_REPLY"`);
  await lay(agentsDir, { 'unwilling.json': contract('unwilling'), unwilling: no });
  // Its answer is what its file in plugin.d says.
  const depends = `[ ! -e "$CHORIA_EXTERNAL_CONFIG" ] || echo '{"activate": true}' >"$CHORIA_EXTERNAL_REPLY"
  [ -s "$CHORIA_EXTERNAL_REPLY" ] || echo '{}' >"$CHORIA_EXTERNAL_REPLY"`;
  await lay(agentsDir, { 'moody.json': contract('moody'), moody: program(`reply '{}'`, depends) });
  await lay(dir, {
    'plugin.d/greet': '# how to greet\nword = good morning\n',
    'facts.d/a.yaml': 'role: web\n',
  });
  for (const agent of ['greet', 'disk', 'fresh'])
    await lay(dir, { [`policies/${agent}.policy`]: 'allow\trole=operator\t*\t*\t*\n' });
}

async function startDaemon(
  broker: TestBroker,
  dir: string,
): Promise<{ process: ChildProcess; log: () => string }> {
  const { ca } = await testPki();
  await broker.admin.addNodeUser('box1', [COLLECTIVE]);
  const own = await ca.issueToFiles({ name: 'box1', role: 'node', days: 1, dir });
  const facts = {
    dir: join(dir, 'facts.d'),
    imds: false,
    facter: false,
    facter_dir: '',
    classes_file: join(dir, 'classes'),
  };
  const config = {
    broker: { host: broker.host, port: broker.port, vhost: broker.vhost },
    trust: { ca: join(dir, 'ca.pem'), ...own },
    ...{ collectives: [COLLECTIVE], facts, agents_dir: join(dir, 'agents') },
    ...{ policies_dir: join(dir, 'policies') },
    ...{ state_dir: join(dir, 'state'), puppet: { bin: join(dir, 'machine', 'puppet') } },
    settings: { 'nrpe.conf_dir': join(dir, 'machine', 'nrpe.d') },
  };
  await writeFile(join(dir, 'ca.pem'), ca.certificatePem);
  await writeFile(join(dir, 'daemon.yaml'), JSON.stringify(config));
  const argv = [process.execPath, source('agent/main.ts'), '--config', join(dir, 'daemon.yaml')];
  // It ends with this process, however that ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  return { process: child, log: () => log };
}

async function operatorConfig(
  { broker, redis, agentsDir }: { broker: TestBroker; redis: TestRedis; agentsDir: string },
  dir: string,
): Promise<string> {
  const { ca } = await testPki();
  const own = await ca.issueToFiles({ name: 'alice', role: 'operator', days: 1, dir });
  const path = join(dir, 'muster.yaml');
  const { host, port, vhost, management } = broker;
  const config = {
    redis: { url: redis.url, prefix: PREFIX },
    broker: {
      ...{ host, port, vhost, management_url: management.url, management_password_file: '/nonexistent' },
    },
    trust: { dir, ...own },
    plugins: { agents_dir: agentsDir },
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

function muster(args: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [source('src/cli/main.ts'), ...args], (error, out, err) =>
      resolve({ out, err, code: typeof error?.code === 'number' ? error.code : 0 }),
    );
  });
}

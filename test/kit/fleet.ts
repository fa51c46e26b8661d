import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { consumeEvents } from '../../src/bus/events.ts';
import { createRegistry } from '../../src/controller/registry.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { newKeyPair } from '../../src/trust/ca.ts';
import type { TestBroker } from './broker.ts';
import { type FleetOnPaper, inBatches } from './fleet-emulator.ts';
import { testPki } from './pki.ts';
import type { TestRedis } from './redis.ts';

/** Where a fleet of a test lives. */
export interface FleetPlace {
  readonly broker: TestBroker;
  readonly redis: TestRedis;
  readonly collectives: readonly string[];
}

/** Prefix of the keys in Redis. */
const PREFIX = 'fleet';
/** Requests to the management API at a time. */
const AT_ONCE = 10;
const REGISTER_MS = 60_000;
const EMULATOR = fileURLToPath(new URL('fleet-emulator.ts', import.meta.url));

/** Names `prefix0001` and so on. */
export function nodeNames(count: number, prefix = 'node'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(4, '0')}`);
}

/** Gives nodes a certificate, a user at the broker and an entry in the registry: all but a daemon. */
export async function enrolNodes(place: FleetPlace, names: readonly string[]): Promise<FleetOnPaper> {
  const { host, port, vhost, admin } = place.broker;
  const { ca } = await testPki();
  const { keyPem, publicKeyPem } = await newKeyPair();
  await inBatches(names, AT_ONCE, (name) => admin.addNodeUser(name, place.collectives));
  await registerNodes(place, names);
  const certificate = (name: string) => ca.issue({ name, role: 'node', publicKeyPem, days: 2 });
  return {
    broker: { host, port, vhost },
    collectives: place.collectives,
    caPem: ca.certificatePem,
    keyPem,
    nodes: names.map((name) => ({ name, certificatePem: certificate(name) })),
  };
}

/** Puts nodes into the registry, as the controller does when it hears them register. */
export async function registerNodes(place: FleetPlace, names: readonly string[]): Promise<void> {
  const registry = createRegistry(await place.redis.door(PREFIX), systemClock);
  const common = { role: 'node', facts: {}, classes: [], version: '0.1.0' } as const;
  await inBatches(names, AT_ONCE, (identity) =>
    registry.heard({ ...common, identity, agents: ['rpcutil'], collectives: [...place.collectives] }),
  );
}

/** Puts nodes into the registry as they register, as a controller does; `all` waits for these names. */
export async function keepRegistry(
  place: FleetPlace,
  controller: string,
): Promise<{ all(names: readonly string[]): Promise<void>; stop(): Promise<void> }> {
  const registry = createRegistry(await place.redis.door(PREFIX), systemClock);
  const bus = await place.broker.busOf(controller, 'controller');
  const { opener } = await testPki();
  await consumeEvents({ bus, opener, clock: systemClock, log: silentLog }, async (event, { name, role }) => {
    if (event.kind !== 'registration') return;
    const { agents, facts, classes, collectives, version } = event;
    await registry.heard({ identity: name, role, agents, facts, classes, collectives, version });
  });
  return {
    async all(names) {
      const deadlineMs = Date.now() + REGISTER_MS;
      for (const name of names) {
        while ((await registry.get(name)) === null) {
          if (Date.now() > deadlineMs) throw new Error(`${name} does not register`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
    stop: () => bus.close(),
  };
}

/** Writes the config and the certificate of an operator into `dir`; gives the path of the config. */
export async function operatorConfig(place: FleetPlace, dir: string, name: string): Promise<string> {
  const { ca, holder } = await testPki();
  const { certificatePem, keyPem } = await holder(name, 'operator');
  const file = (suffix: string) => join(dir, suffix);
  await writeFile(file('ca.pem'), ca.certificatePem);
  await writeFile(file('operator.pem'), certificatePem);
  await writeFile(file('operator.key'), keyPem, { mode: 0o600 });
  const { host, port, vhost, management } = place.broker;
  const config = {
    redis: { url: place.redis.url, prefix: PREFIX },
    broker: { host, port, vhost, management_url: management.url, management_password_file: '/nonexistent' },
    trust: { dir, certificate: file('operator.pem'), key: file('operator.key') },
    collectives: { production: place.collectives[0] },
  };
  await writeFile(file('muster.yaml'), stringify(config));
  return file('muster.yaml');
}

/** Plays a fleet in a process of its own, which ends with `stop()`, or with this one. Fulfilled when all nodes hear. */
export async function startEmulator(fleet: FleetOnPaper): Promise<{ stop(): Promise<void> }> {
  const argv = ['--pdeathsig', 'KILL', process.execPath, EMULATOR];
  const child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin.end(JSON.stringify(fleet));
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  const failed = gone.then(() => Promise.reject(new Error('the emulator ended before its nodes were up')));
  await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

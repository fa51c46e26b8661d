import { createPrivateKey } from 'node:crypto';
import { createBrokerAdmin } from '../bus/admin.ts';
import type { Bus } from '../bus/bus.ts';
import { createRpcClient, type RpcClient } from '../bus/client.ts';
import { openBus } from '../bus/connection.ts';
import { consumeEvents, type EventRefused } from '../bus/events.ts';
import type { Attestor, DescribeInstance } from '../core/attestor.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import type { Log } from '../core/log.ts';
import type { Notifier } from '../core/notifier.ts';
import type { MasterPicker } from '../core/picker.ts';
import type { Step } from '../core/step.ts';
import { createBatcher } from '../ec2/batcher.ts';
import { createEc2, type Ec2 } from '../ec2/client.ts';
import { describeInstances } from '../ec2/describe.ts';
import { checkConfig } from './check-config.ts';
import { type Engine, startEngine } from './engine.ts';
import { createGrants, type Grants } from './grants.ts';
import { consumeHellos } from './hello.ts';
import { type Identity, readIdentity } from './identity.ts';
import { createJoinTokens } from './join-tokens.ts';
import { createLifetimes } from './lifetimes.ts';
import { createOperations, noteRevocation, type Operations } from './operations.ts';
import { createQuarantine } from './quarantine.ts';
import { openRedis, type RedisDoor, warnOnEviction } from './redis.ts';
import { createRefusedOperations } from './refused-operations.ts';
import { createRevokedStore } from './revoked-store.ts';
import { secondKey } from './second-key.ts';
import { startTrust, type TrustKeeper } from './trust.ts';

const BROKER_LATE_S = 10;

/** The loaded plug-ins by name. The controller names none of them. */
export interface ControllerPlugins {
  readonly steps: ReadonlyMap<string, Step>;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly pickers: ReadonlyMap<string, MasterPicker>;
  readonly attestors: ReadonlyMap<string, Attestor>;
}

/** What a controller is started with. */
export interface ControllerOptions {
  readonly config: ControllerConfig;
  readonly plugins: ControllerPlugins;
  readonly log: Log;
  /** Aborted to stop: current steps end or are handed back, in under 10 s. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Instead of the files that the config names. */
  readonly identity?: Identity;
}

/** A running controller. */
export interface Controller {
  /** Fulfilled when it hears hellos and events. */
  readonly listening: Promise<void>;
  /** Fulfilled when it has stopped and let go of everything. Rejects when it could not begin to listen. */
  readonly closed: Promise<void>;
}

/**
 * Starts a controller. Everything in the config is checked first. Throws CONFIG_INVALID that names the entry,
 * NOT_FOUND (no CA), REDIS_UNREACHABLE. A broker that is late is waited for; what it refuses rejects `closed`.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { config, plugins, log, signal, clock = systemClock } = options;
  const checked = checkConfig(config, plugins);
  const identity = options.identity ?? (await readIdentity(config, clock));
  const door = await openRedis(config.redis, log);
  try {
    await door.ready();
  } catch (thrown) {
    await door.close();
    throw thrown;
  }
  await warnOnEviction(door, log);
  const { host, port, vhost } = config.broker;
  const tls = { ca: identity.caPem, cert: identity.certificatePem, key: identity.keyPem };
  const bus = openBus({ broker: { host, port, vhost, tls }, log, clock });
  const { sealer, opener } = identity;
  const rpc = createRpcClient({ bus, sealer, opener, log, clock });
  const admin = createBrokerAdmin({
    vhost,
    url: config.broker.management_url,
    user: config.broker.management_user,
    password: identity.managementPassword,
  });
  const store = createRevokedStore(door, identity.ca.book, (entry) => noteRevocation(operations, entry));
  const lifetimes = createLifetimes(door);
  const dropUser = (name: string) => admin.revokeUser(name);
  const grants = createGrants({
    grant: (node, collectives) => admin.moveNodeUser(node, collectives),
    ...{ dropUser, revocations: store.sync, lifetimes, ca: identity.ca },
  });
  const engine = startEngine({
    ...{ door, rpc, grantNode: grants.move, config, steps: plugins.steps, ...checked, clock, log },
  });
  // Loads nothing and asks nobody before a group needs it.
  const ec2 = createEc2({ endpoint: config.ec2.endpoint, credentialsFile: config.ec2.credentials_file });
  const removeUser = (name: string) => admin.removeUser(name);
  const operations: Operations = createOperations({
    store: engine.audit,
    name: sealer.name,
    role: 'controller',
    clock,
  });
  const trust = startTrust({
    own: { name: sealer.name, certificatePem: identity.certificatePem },
    ...{
      config,
      ca: identity.ca,
      store,
      lifetimes,
      rpc,
      engine,
      operations,
      dropUser,
      removeUser,
      clock,
      log,
    },
  });
  const parts = { door, bus, rpc, engine, ec2, trust, operations };
  const listening = listen({
    config,
    identity,
    attestors: checked.attestors,
    grants,
    describe: createBatcher({ look: (region, ids) => describeInstances(ec2, region, ids) }),
    clock,
    log,
    signal,
    ...parts,
  });
  return { listening, closed: run(listening, signal, parts, log) };
}

interface Parts {
  readonly door: RedisDoor;
  readonly bus: Bus;
  readonly rpc: RpcClient;
  readonly engine: Engine;
  readonly ec2: Ec2;
  readonly trust: TrustKeeper;
  readonly operations: Operations;
}

interface ListenDeps extends Parts {
  readonly config: ControllerConfig;
  readonly identity: Identity;
  readonly attestors: ReadonlyMap<string, { plugin: Attestor; options: unknown }>;
  readonly grants: Grants;
  readonly describe: DescribeInstance;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

async function listen(deps: ListenDeps): Promise<void> {
  const { bus, engine, identity, clock, log, config, attestors, signal, grants, trust } = deps;
  await brokerReady(deps);
  if (signal.aborted) return;
  const { opener, sealer, ca } = identity;
  const { operations } = deps;
  const noteEvent = createRefusedOperations({ operations, agent: 'event', action: 'accept', log });
  const refused: EventRefused = (reason, sender) => noteEvent(reason, 'an event was refused', sender);
  await consumeEvents({ bus, opener, clock, log, refused }, trust.onEvent);
  const keyPems = [identity.keyPem, ...(identity.oldKeyPems ?? [])];
  const controllerKeyPem = keyPems.map((pem) => createPrivateKey(pem));
  const secondKeyDeps = { quarantine: createQuarantine(deps.door), alarm: engine.alarm, log };
  await consumeHellos({
    bus,
    sealer,
    controllerKeyPem,
    log,
    config,
    attestors,
    claims: engine.claims,
    quarantine: (asked) => secondKey(asked, secondKeyDeps),
    tokens: createJoinTokens(deps.door),
    describe: deps.describe,
    ca,
    grant: grants.admit,
    runs: engine.runs,
    operations,
    reserved: async (name) => (await engine.registry.get(name))?.role === 'master',
    clock,
  });
  log.info({ caller: sealer.name, plan: config.plan.map((entry) => entry.step) }, 'controller listens');
}

/** A broker that boots later than the controller is no error. */
async function brokerReady({ bus, config, log, signal }: ListenDeps): Promise<void> {
  const broker = `${config.broker.host}:${config.broker.port}`;
  const timer = setTimeout(() => log.warn({ broker }, 'still waiting for the broker'), BROKER_LATE_S * 1000);
  try {
    await bus.ready({ signal, giveUpOnRefusal: true });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

async function run(listening: Promise<void>, signal: AbortSignal, parts: Parts, log: Log): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await listening;
    await stopped;
  } finally {
    log.info('controller stops');
    // Runs that end now still need the bus, and everything needs Redis.
    parts.trust.close();
    await parts.engine.close();
    await parts.rpc.close();
    await parts.bus.close();
    await parts.door.close();
    parts.ec2.close();
    log.info('controller stopped');
  }
}

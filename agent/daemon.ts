import { join } from 'node:path';
import { openBus } from '../src/bus/connection.ts';
import { publishEvent } from '../src/bus/events.ts';
import { systemClock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import type { Log } from '../src/core/log.ts';
import { createOpener, createSealer } from '../src/trust/seal.ts';
import { buildInfo } from './build-info.ts';
import { createClassList } from './classes.ts';
import { readTrusted } from './credentials.ts';
import { createFactStore, type FactStore } from './facts.ts';
import type { AgentHost, AnyAgent, ProvisionedHost } from './host.ts';
import { type Joined, joinBus } from './join.ts';
import { loadAgents } from './load-agents.ts';
import { createPuppetRuns } from './puppet/runs.ts';
import { type Service, serve } from './serve.ts';

/** What the caller of a daemon passes in. */
export interface DaemonContext {
  /** Ends the daemon: requests under way are answered first. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

type Parts = DaemonContext & { readonly facts: FactStore; readonly agents: ReadonlyMap<string, AnyAgent> };

/**
 * The daemon of a node: joins the bus (by its certificate, or by saying hello until a controller gives it one), serves
 * its agents and registers, until `signal`. Throws CONFIG_INVALID, PLUGIN_INVALID, NODE_IO.
 */
export async function runDaemon(config: DaemonConfig, context: DaemonContext): Promise<void> {
  const { signal, log } = context;
  log.info({ version: buildInfo().version, node: process.version }, 'daemon starts');
  try {
    const agents = await loadAgents(config.agents_dir);
    const { dir, facter_dir: facterDir } = config.facts;
    const facts = createFactStore({ dir, facterDir, stateDir: config.state_dir, log });
    await facts.facts();
    facts.follow(signal);
    const joined = await joinBus(config, { facts, log, signal });
    const stop = await start(config, joined, { signal, log, facts, agents });
    await aborted(signal);
    await stop();
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
  log.info('daemon has stopped');
}

/** Connects with the node's own certificate and serves. Gives what stops it. */
async function start(
  config: DaemonConfig,
  { credentials, node }: Joined,
  parts: Parts,
): Promise<() => Promise<void>> {
  const { log, facts, agents } = parts;
  const clock = systemClock;
  const { identity, certificatePem: cert, keyPem: key } = credentials;
  const ca = await readTrusted(config.trust.ca, 'trust.ca');
  const { host, port, vhost } = config.broker;
  const bus = openBus({ broker: { host, port, vhost, tls: { ca, cert, key } }, log, clock });
  const sealer = createSealer({ name: identity, certificatePem: cert, keyPem: key });
  const runs = createPuppetRuns({
    root: join(config.state_dir, 'puppet-runs'),
    clock,
    log,
    onEnded: (run, exitcode) =>
      publishEvent({ bus, sealer, clock }, { kind: 'puppet_run_ended', run, exitcode }),
  });
  const classes = createClassList(config.facts.classes_file);
  let service: Service | undefined;
  const agentHost: AgentHost = {
    config,
    identity,
    version: buildInfo().version,
    clock,
    log,
    node: node === null ? null : { ...node, runs },
    facts: () => facts.facts(),
    classes: async () => [...(await classes.refresh())],
    served: () => [...(service?.served().values() ?? [])].map((agent) => agent.ddl),
    collectives: () => collectivesOf(config, node),
    changed: () => service?.reconsider(),
  };
  const replayFile = join(config.state_dir, 'replay');
  const opener = createOpener({ caPem: ca, clock });
  const registrationS = config.registration_s;
  await runs.recover();
  service = await serve(
    { bus, sealer, opener, agents, facts, classes, replayFile, registrationS, clock, log },
    agentHost,
  );
  return async () => {
    await service?.stop();
    runs.close();
    await bus.close();
  };
}

/** Where the node lives: by its state when it came by a hello, else by its config. */
function collectivesOf(config: DaemonConfig, node: Omit<ProvisionedHost, 'runs'> | null): readonly string[] {
  if (node === null) return config.collectives;
  const { disabled, production, accepted } = node.state.get();
  if (disabled) return production === null ? config.collectives : [production];
  return accepted === null ? [] : [accepted.collective];
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

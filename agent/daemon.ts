import { uptime } from 'node:os';
import { join } from 'node:path';
import { newRpcStats } from '../src/bus/stats.ts';
import { type Clock, systemClock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import type { Origins } from '../src/core/config/explain.ts';
import type { Log } from '../src/core/log.ts';
import type { AuditArchive } from './audit/resend.ts';
import { buildInfo } from './build-info.ts';
import { type ClassList, createClassList } from './classes.ts';
import { openNodeClock } from './clock.ts';
import { createDataStore, type DataStore } from './data-store.ts';
import { checkSettings } from './declared-settings.ts';
import type { ExternalAgents } from './external/folder.ts';
import { type FactStore, openFacts } from './facts.ts';
import { followActive } from './follow-active.ts';
import { createGuard } from './guard.ts';
import type { AgentHost, AnyAgent, AnyData, ProvisionedHost, TrustHost } from './host.ts';
import { type Joined, joinBus } from './join.ts';
import { type LiveSettings, openLiveSettings } from './live-settings.ts';
import { loadAgents } from './load-agents.ts';
import { loadData } from './load-data.ts';
import { openNodeTrust } from './node-trust.ts';
import type { Policies } from './policies.ts';
import { logPolicyProblems } from './policy-lint.ts';
import { bootId } from './puppet/run-process.ts';
import { createPuppetRuns, type PuppetRuns } from './puppet/runs.ts';
import { type Service, serve } from './serve.ts';
import { settle } from './settle.ts';

/** What the caller of a daemon passes in. */
export interface DaemonContext {
  /** Ends the daemon: requests under way are answered first. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Where each setting was set, as far as it is known. */
  readonly origins?: Origins;
  /** The `plugin.d` beside the config, where external agents find their own settings. */
  readonly pluginDir?: string;
  /** Reads the config again, and notes where each setting is; without it, settings are those of the start. Throws CONFIG_INVALID. */
  readonly reload?: (origins: Origins) => Promise<DaemonConfig>;
}

const PLUGIN_DIR = '/etc/muster/plugin.d';

type Parts = DaemonContext & {
  readonly facts: FactStore;
  readonly classes: ClassList;
  readonly agents: ReadonlyMap<string, AnyAgent>;
  readonly external: ExternalAgents | null;
  readonly live: LiveSettings;
  readonly plugins: ReadonlyMap<string, AnyData>;
  readonly clock: Clock;
};

/**
 * The daemon of a node: joins the bus (by its certificate, or by saying hello until a controller gives it one), serves
 * its agents and registers, until `signal`. Throws CONFIG_INVALID, PLUGIN_INVALID, NODE_IO.
 */
export async function runDaemon(config: DaemonConfig, context: DaemonContext): Promise<void> {
  const { signal, log } = context;
  log.info({ version: buildInfo().version, node: process.version }, 'daemon starts');
  try {
    const agents = await loadAgents(config.agents_dir);
    const external = await externalOf(config, agents, context);
    const plugins = await loadData(config.data_dir);
    const check = (settings: DaemonConfig['settings'], origins: Origins) =>
      checkSettings(
        settings,
        origins,
        [...agents.values(), ...plugins.values()].map(({ ddl }) => ddl),
        log,
      );
    check(config.settings, context.origins ?? new Map());
    const { reload, pluginDir = PLUGIN_DIR } = context;
    const live = openLiveSettings({ config, reload, check, pluginDir, clock: systemClock, log });
    const facts = await openFacts(config, log);
    await facts.facts();
    facts.follow(signal);
    const classes = createClassList(config.facts.classes_file, log);
    await classes.refresh();
    classes.follow(signal);
    const clock = await openNodeClock({
      stateDir: config.state_dir,
      machine: systemClock,
      uptimeMs: () => uptime() * 1000,
      bootId: await bootId(),
      log,
    });
    for (let anew = false; !signal.aborted; anew = true) {
      const joined = await joinBus(config, { facts, log, signal, clock, anew });
      const parts = { signal, log, facts, classes, agents, external, live, plugins, clock };
      const running = await start(config, joined, parts);
      await Promise.race([aborted(signal), running.over]);
      await running.stop();
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
  log.info('daemon has stopped');
}

/** Connects with the node's own certificate and serves. `over`: it has to join anew. */
async function start(
  config: DaemonConfig,
  joined: Joined,
  { signal, log, facts, classes, agents, external, live, plugins, clock }: Parts,
): Promise<{ stop(): Promise<void>; over: Promise<void> }> {
  const { credentials, node } = joined;
  const { identity } = credentials;
  const trust = await openNodeTrust(config, joined, { log, clock });
  const service = Promise.withResolvers<Service>();
  const runs = createPuppetRuns({
    root: join(config.state_dir, 'puppet-runs'),
    // Compared with what Puppet writes, which knows the clock of the machine alone.
    clock: systemClock,
    log,
    async onEnded(run, exitcode) {
      // Who hears it asks at once how the run ended: this node must be able to hear that.
      const { listening, tell } = await service.promise;
      await listening;
      await tell({ kind: 'puppet_run_ended', run, exitcode });
    },
  });
  await runs.recover();
  const data: DataStore = createDataStore(plugins, () => agentHost);
  const guard = createGuard({
    ...{ config, identity, agents, data, clock, log },
    publish: async (event) => (await service.promise).tell(event),
  });
  await logPolicyProblems({ dir: config.policies_dir, agents, external, log });
  const { policies, authorize, refused, archive } = guard;
  const agentHost: ReturnType<typeof hostOf> = hostOf({
    ...{ config, identity, trust, log, facts, classes, policies, data, archive },
    ...{ node, runs, live },
  });
  const { line, opener, revocations } = trust;
  const { registration_s: registrationS, encrypt_replies: encryptReplies } = config;
  const settings = { registrationS, encryptReplies, volatile: config.facts.volatile };
  const own = {
    agents,
    facts,
    classes,
    replayFile: join(config.state_dir, 'replay'),
    ...{ authorize, refused, data },
    ...settings,
  };
  const serving = await serve({ line, opener, revocations, clock, log, ...own }, agentHost);
  agentHost.attach(serving);
  service.resolve(serving);
  trust.attach(serving);
  // Only now, so that no program of a site holds up the daemon's own agents.
  const unfollow = external?.follow(() => serving.look({ programs: true }));
  const stopping = new AbortController();
  followActive(live, serving, stopping.signal);
  void settle(serving.listening, signal);
  return {
    over: trust.over,
    async stop() {
      unfollow?.();
      stopping.abort();
      await serving.stop();
      await guard.close();
      runs.close();
      await trust.close();
    },
  };
}

/** The external agents of a site's folder, which come and go among the others; null without a folder. */
async function externalOf(
  config: DaemonConfig,
  agents: Map<string, AnyAgent>,
  { log, pluginDir: configDir = PLUGIN_DIR }: DaemonContext,
): Promise<ExternalAgents | null> {
  const { agents_dir: dir, state_dir: stateDir } = config;
  if (dir === undefined) return null;
  // Most nodes have none, and need not hold the code of it in memory.
  const { externalAgents } = await import('./external/folder.ts');
  return externalAgents({ dir, configDir, root: join(stateDir, 'external'), agents, log });
}

interface HostParts {
  readonly config: DaemonConfig;
  readonly live: LiveSettings;
  readonly identity: string;
  readonly trust: TrustHost;
  readonly node: ProvisionedHost | null;
  readonly runs: PuppetRuns;
  readonly log: Log;
  readonly facts: FactStore;
  readonly classes: ClassList;
  readonly policies: Policies;
  readonly data: DataStore;
  readonly archive: AuditArchive | null;
}

/** What agents are offered. The service comes later, because it is made with the host. */
function hostOf(parts: HostParts): AgentHost & { attach(service: Service): void } {
  let service: Service | undefined;
  const startedAtMs = systemClock.nowMs();
  return {
    ...parts,
    get config() {
      return parts.live.current();
    },
    version: buildInfo().version,
    clock: systemClock,
    facts: () => parts.facts.facts(),
    classes: async () => [...(await parts.classes.refresh())],
    served: () => [...(service?.served().values() ?? [])].map((agent) => agent.ddl),
    collectives: () => collectivesOf(parts.config, parts.node),
    enter: async (collective, signal) => service?.enter(collective, signal),
    stats: () => ({ ...(service?.stats() ?? newRpcStats()), startedAtMs }),
    changed: () => service?.reconsider(),
    attach(made) {
      service = made;
    },
  };
}

/** Where the node lives: by its state when it came by a hello, else by its config. */
function collectivesOf(config: DaemonConfig, node: ProvisionedHost | null): readonly string[] {
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

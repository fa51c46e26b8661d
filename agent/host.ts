import type { RpcStats } from '../src/bus/stats.ts';
import type { Agent } from '../src/core/agent.ts';
import type { Clock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import type { DataDdl, DataPlugin } from '../src/core/data.ts';
import type { Ddl } from '../src/core/ddl.ts';
import type { Facts } from '../src/core/inventory.ts';
import type { Log } from '../src/core/log.ts';
import type { AuditArchive } from './audit/resend.ts';
import type { DataStore } from './data-store.ts';
import type { Policies } from './policies.ts';
import type { PuppetPaths } from './puppet/paths.ts';
import type { PuppetRuns } from './puppet/runs.ts';
import type { StateStore } from './state.ts';

/** What the daemon offers its agents. */
export interface AgentHost {
  readonly config: DaemonConfig;
  readonly identity: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** null on a node that was given its certificate by hand, such as a master. */
  readonly node: ProvisionedHost | null;
  /** Puppet runs of this node, whoever asked for them. */
  readonly runs: PuppetRuns;
  readonly trust: TrustHost;
  /** null when lines of the audit are not sent. */
  readonly archive: AuditArchive | null;
  facts(): Promise<Facts>;
  /** Classes that Puppet applied last. */
  classes(): Promise<string[]>;
  /** Contracts of the agents that are served now. */
  served(): readonly Ddl[];
  readonly policies: Policies;
  readonly data: DataStore;
  collectives(): readonly string[];
  /** What came of the requests that were heard, and since when (ms since the epoch). */
  stats(): Readonly<RpcStats> & { readonly startedAtMs: number };
  /**
   * Listens in a collective before the node lives there, so that it is never deaf in between. Fulfilled when the broker has
   * made the subscriptions; throws BROKER_UNREACHABLE when `signal` aborts first.
   */
  enter(collective: string, signal: AbortSignal): Promise<void>;
  /** Something that `activate` or the collectives depend on has changed: the daemon looks again, after the reply. */
  changed(): void;
}

/** What there is besides on a node that came by a hello. */
export interface ProvisionedHost {
  readonly state: StateStore;
  readonly puppet: PuppetPaths;
}

/** What the daemon does about certificates. */
export interface TrustHost {
  /** Goes on with this certificate; gives until when, in ms since the epoch. Throws SECURITY_REJECTED, NODE_IO. */
  install(certificatePem: string): Promise<number>;
  /** Takes a signed list of revoked names; gives how many names are refused now. Throws SECURITY_REJECTED, NODE_IO. */
  revoke(list: string): Promise<number>;
}

/** An agent of this daemon, whatever its DDL. */
export type AnyAgent = Agent<Ddl, AgentHost>;

/** A data plug-in of this daemon, whatever its DDL. */
export type AnyData = DataPlugin<DataDdl, AgentHost>;

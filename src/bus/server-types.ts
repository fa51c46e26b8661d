import type { Clock } from '../core/clock.ts';
import type { Facts } from '../core/inventory.ts';
import type { Opener, ReplayCache, Sealer } from '../core/seal.ts';
import type { Bus } from './bus.ts';
import type { ServedAgent } from './dispatch.ts';
import type { MeantOptions } from './meant.ts';
import type { RpcStats } from './stats.ts';

/** A request that never reached the policy. */
export interface Refusal {
  /** Fixed upper-case word. */
  readonly reason: string;
  /** Name in the verified certificate; null when none was verified. */
  readonly sender: string | null;
  /** Where it arrived. */
  readonly collective: string;
  readonly aud: string;
}

/** What a node serves and who may ask. */
export interface RpcServerOptions extends MeantOptions {
  readonly bus: Bus;
  readonly sealer: Sealer;
  readonly opener: Opener;
  readonly identity: string;
  readonly collectives: readonly string[];
  /** Asked for each request, so that agents may come and go. */
  readonly agents: () => ReadonlyMap<string, ServedAgent>;
  /** Given to every action. */
  readonly host: unknown;
  readonly facts: () => Facts;
  readonly classes?: () => readonly string[];
  /** Told of every request that is refused before the policy. Must not throw, and must bear a flood. */
  readonly refused?: (refusal: Refusal) => void;
  readonly replay: ReplayCache;
  readonly clock: Clock;
  /** Counted up as messages arrive. */
  readonly stats?: RpcStats;
  /** Encrypt every reply to its caller; otherwise those with secrets in them, and those to encrypted requests. */
  readonly encryptReplies?: boolean;
  /** Requests that are worked on at a time; the rest waits, up to 1000. */
  readonly concurrency?: number;
}

/** The node side of RPC. */
export interface RpcServer {
  /** Fulfilled when the broker has made the subscriptions of the collectives now set. It may wait for ever. */
  ready(): Promise<void>;
  /** Lives in these collectives from now on; fulfilled as {@link RpcServer.ready}. */
  setCollectives(collectives: readonly string[]): Promise<void>;
  /** Hears nothing more, lets what runs end for up to 5 s, then aborts it. */
  stop(): Promise<void>;
  /** Hears nothing more, answers everything that it has heard, for up to `limitMs`, then stops. */
  retire(limitMs: number): Promise<void>;
}

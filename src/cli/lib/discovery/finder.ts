import type { RpcClient } from '../../../bus/client.ts';
import type { KnownNode } from '../../../controller/registry.ts';
import type { DiscoveryMethodName } from '../ask-options.ts';
import type { TypedFilter } from '../filter-texts.ts';

/** What was typed, as far as finding nodes goes. */
export interface Wanted {
  readonly filter: TypedFilter;
  /** Agent of the request: only who serves it is looked for. */
  readonly agent: string;
  /** Longest wait in seconds; null: the method's own. */
  readonly waitS: number | null;
  /** Of `--do`. */
  readonly options: Readonly<Record<string, string>>;
  readonly collective: string;
}

/** Whom a finder may ask. */
export interface DiscoveryPlace {
  readonly rpc: RpcClient;
  /** All nodes of the registry by name, read once. */
  known(): Promise<ReadonlyMap<string, KnownNode>>;
}

/** What a method found. */
export interface Found {
  readonly names: readonly string[];
  /** `all`: the filter is done with; `none`: it is still to be compared with each of them. */
  readonly filtered: 'all' | 'none';
  /** The names were given by somebody, so that one that is silent is told, and the agent of the request is no filter. */
  readonly given: boolean;
}

/** One way to find nodes, made by the module of its name. What it reads of this machine it has read when it was made. */
export interface Finder {
  readonly method: DiscoveryMethodName;
  /** Seconds that it takes in any case; null: as long as it needs. */
  readonly fixedS: number | null;
  find(place: DiscoveryPlace): Promise<Found>;
}

/** Seconds that `broadcast` and undecided nodes are waited for. *Source:* MCollective's discovery. */
export const DISCOVERY_S = 2;

/** Is there anything in the filter but exact names? Pure. */
export function needsFacts({ filter }: Wanted): boolean {
  return !filter.empty && !filter.namesOnly;
}

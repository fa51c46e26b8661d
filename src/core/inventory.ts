/** Names to values, as a node knows itself. Values are always strings. */
export type Facts = Readonly<Record<string, string>>;

/** What a node says of itself (`rpcutil#inventory`). */
export interface Inventory {
  readonly identity: string;
  readonly facts: Facts;
  readonly agents: readonly string[];
  readonly collectives: readonly string[];
  readonly classes: readonly string[];
  readonly version: string;
}

/** A Puppet master as the picker sees it. `activeRuns` counts the Puppet runs that this controller's collective gave it now. */
export interface MasterInventory extends Inventory {
  readonly healthy: boolean;
  readonly activeRuns: number;
}

import type { Inventory, MasterInventory } from './inventory.ts';
import type { Plugin } from './plugin.ts';

/** The chosen master and, for the record, why. */
export interface Pick {
  readonly identity: string;
  readonly reason: string;
}

/** Chooses a Puppet master for a node. Pure: no I/O, no clock. `masters` is sorted by identity; undefined means none fits. */
export interface MasterPicker<O = unknown> extends Plugin<O> {
  pick(node: NodeToServe, masters: readonly MasterInventory[], options: O): Pick | undefined;
}

/** What a picker knows of the node. */
export type NodeToServe = Omit<Inventory, 'version'>;

/** Declares a picker; only gives the value its type. */
export function definePicker<O>(picker: MasterPicker<O>): MasterPicker<O> {
  return picker;
}

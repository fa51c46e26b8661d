import type { z } from 'zod';
import type { ContractHead } from './contract.ts';
import type { DdlSchema } from './ddl.ts';

/** What a data plug-in gives: one value a name, so that each can be compared in a filter. */
export type DataValue = string | number | boolean;

/**
 * The contract of a data plug-in, two files of one stem as agents have: `<name>.ddl.ts` and `<name>.ts`. It answers questions in
 * filters (`fstat('/etc/hosts').size>10`) and `rpcutil#get_data`. It only looks: nothing on the node changes.
 * *Source:* MCollective's data plug-ins and their DDL.
 */
export interface DataDdl<Q extends z.ZodType = z.ZodType, O extends DdlSchema = DdlSchema>
  extends ContractHead {
  /** Settings of the daemon that it reads: `settings: { 'NAME.key': text }`. */
  readonly settings?: DdlSchema;
  /** The one argument, a text with a maximum length, `.describe()` and `.meta({ prompt })`; null for functions without. */
  readonly query: Q | null;
  /** What can be compared. All of it is optional for the caller; fields are strings, numbers or booleans. */
  readonly output: O;
}

/** Declares a data plug-in's contract; only gives the value its type. */
export function defineDataDdl<const Q extends z.ZodType, const O extends DdlSchema>(
  ddl: DataDdl<Q, O>,
): DataDdl<Q, O> {
  return ddl;
}

/** The node side of a data plug-in. `H` is what the daemon offers. */
export interface DataPlugin<D extends DataDdl = DataDdl, H = unknown> {
  readonly ddl: D;
  /** False: unknown on this node. */
  activate(host: H): Promise<boolean>;
  /**
   * Looks. `query` has been checked against the DDL; null when the function has no argument. Throws MusterError when it cannot
   * tell: a filter then does not match, and `rpcutil#get_data` says why.
   */
  query(query: string | null, host: H, signal: AbortSignal): Promise<z.output<D['output']>>;
}

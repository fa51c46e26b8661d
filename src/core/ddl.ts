import { z } from 'zod';
import type { ContractHead } from './contract.ts';

/** Input of an action: a strict object, so that an undeclared key is refused. Use `.describe()` and `.meta()`. */
export type DdlSchema = z.ZodObject<z.ZodRawShape, z.core.$strict>;
/** Output of an action: strict for agents of Muster, as it comes for those whose contract is a Choria JSON DDL. */
export type DdlOutput = z.ZodObject<z.ZodRawShape>;

/** One callable of an agent. `display` says for which replies a person sees the values: all, failed or good ones. */
export interface DdlAction<I extends DdlSchema = DdlSchema, O extends DdlOutput = DdlOutput> {
  readonly description: string;
  readonly display: 'always' | 'ok' | 'failed';
  /** Does it change the node? Left out: it does when only failures are shown. The whole fleet is not changed without a question. */
  readonly changes?: boolean;
  readonly input: I;
  readonly output: O;
  /** What a client makes of all replies together, in this order. */
  readonly aggregate?: readonly DdlAggregate[];
}

/**
 * How a client sums up one output over all good replies: `summary` counts each value, `average` and `sum` are of numbers,
 * `chart` draws their distribution. *Source:* MCollective's and Choria's aggregate functions.
 */
export interface DdlAggregate {
  readonly function: 'summary' | 'average' | 'sum' | 'chart';
  /** Name of the output. */
  readonly output: string;
  /** printf-like text for each line, such as `%d nodes`; the function's own when left out. */
  readonly format?: string;
}

/**
 * The contract of one RPC agent: types, validation, defaults, help and docs on both ends come from this value.
 * *Source:* MCollective's DDL (metadata, actions, inputs, outputs, display).
 */
export interface Ddl<A extends Record<string, DdlAction> = Record<string, DdlAction>> extends ContractHead {
  /** Settings of the daemon that the agent reads: `settings: { 'AGENT.key': text }`. For docs and for the check at activation. */
  readonly settings?: DdlOutput;
  readonly actions: A;
}

/** Declares a DDL; only gives the value its type. */
export function defineDdl<const A extends Record<string, DdlAction>>(ddl: Ddl<A>): Ddl<A> {
  return ddl;
}

/** Names of the actions of a DDL. */
export type ActionName<D extends Ddl> = keyof D['actions'] & string;
/** What a caller may give: fields with a default may be left out. */
export type ActionInput<D extends Ddl, N extends ActionName<D>> = z.input<D['actions'][N]['input']>;
/** What the code of the action receives: defaults filled in. */
export type ParsedInput<D extends Ddl, N extends ActionName<D>> = z.output<D['actions'][N]['input']>;
/** What the code of the action gives back and the caller receives. */
export type ActionOutput<D extends Ddl, N extends ActionName<D>> = z.output<D['actions'][N]['output']>;

/** Reply status on the wire. *Source:* MCollective SimpleRPC. */
export const REPLY_STATUS = {
  ok: 0,
  aborted: 1,
  unknownAction: 2,
  missingData: 3,
  invalidData: 4,
  unknownError: 5,
} as const;
/** One of {@link REPLY_STATUS}: 0 to 5. */
export type ReplyStatus = (typeof REPLY_STATUS)[keyof typeof REPLY_STATUS];

/** An input of nothing. */
export const nothing = z.strictObject({});

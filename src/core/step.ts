import type { ActionInput, ActionName, ActionOutput, Ddl } from './ddl.ts';
import type { Facts } from './inventory.ts';
import type { Log } from './log.ts';
import type { Plugin } from './plugin.ts';

/** Something on the bus that can be asked. */
export interface RpcNode {
  readonly identity: string;
  readonly facts: Facts;
  /**
   * Calls one action and gives its checked output. Throws NODE_UNREACHABLE (no answer within `timeoutS`, by default
   * that of the DDL), RPC_* by reply status, or the code that the action itself gave.
   */
  call<D extends Ddl, N extends ActionName<D>>(
    ddl: D,
    action: N,
    input: ActionInput<D, N>,
    options?: { timeoutS?: number; signal?: AbortSignal },
  ): Promise<ActionOutput<D, N>>;
}

/** What a step may know and use. */
export interface StepContext {
  readonly run: {
    readonly id: string;
    readonly instanceId: string;
    /** Name in the node's Puppet certificate, lower case. */
    readonly certname: string;
    readonly group: string;
    /** SHA-256, hex, of the public key (SPKI DER) that the node showed when it was attested. Only this key is signed. */
    readonly puppetSpkiSha256: string;
    /** How often this run has been started anew by `muster run retry` (0 at first). */
    readonly retries: number;
  };
  readonly node: RpcNode;
  readonly master: RpcNode;
  /** Every master that answered now, the chosen one included. */
  readonly masters: readonly RpcNode[];
  readonly collectives: { readonly provisioning: string; readonly production: string };
  /** Broker permissions follow the node from one collective to another. */
  moveToCollective(collective: string): Promise<void>;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** How one call of a step ended, when it did not throw. `detail` is one line for a person. */
export type StepResult =
  | {
      readonly outcome: 'done' | 'skipped';
      readonly detail: string /** Time that Puppet itself took, for the record. */;
      readonly puppetMs?: number;
    }
  /** Not an error and no attempt: look again in `retryInS`, or sooner when the node tells that something ended. */
  | { readonly outcome: 'wait'; readonly detail: string; readonly retryInS: number };

/** One idempotent thing done for one node. Looks first: if the work is done already it gives 'skipped'. Throws MusterError. */
export interface Step<O = unknown> extends Plugin<O> {
  /** Seconds for one call of `run`; the controller aborts `context.signal` after it (STEP_TIMEOUT). */
  readonly timeoutS: number;
  /** True for a step that loads the master with a catalog: it runs only while it holds one of the master's slots. */
  readonly needsMasterSlot?: boolean;
  run(context: StepContext, options: O): Promise<StepResult>;
}

/** Declares a step; only gives the value its type. */
export function defineStep<O>(step: Step<O>): Step<O> {
  return step;
}

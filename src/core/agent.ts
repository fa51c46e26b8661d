import type { ActionName, ActionOutput, Ddl, ParsedInput } from './ddl.ts';
import type { Log } from './log.ts';

/** Who asks, proven by the bus. */
export interface ActionRequest {
  readonly requestId: string;
  /** `cert=<common name>`, computed from the verified certificate. */
  readonly caller: string;
  readonly collective: string;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** The node side of an RPC agent. Every action of the DDL must be there, with its types. `H` is what the daemon offers its agents. */
export interface Agent<D extends Ddl = Ddl, H = unknown> {
  readonly ddl: D;
  /** False: the agent is not served. Asked at start and whenever the daemon's state changes. */
  activate(host: H): Promise<boolean>;
  readonly actions: {
    readonly [N in ActionName<D>]: (
      input: ParsedInput<D, N>,
      request: ActionRequest,
      host: H,
    ) => Promise<ActionOutput<D, N>>;
  };
}

import type { ActionName, ActionOutput, Ddl, ParsedInput, ReplyStatus } from './ddl.ts';
import type { Log } from './log.ts';

/** Who asks, proven by the bus. */
export interface ActionRequest {
  readonly requestId: string;
  /** When the caller says that it asked, in ms, and for how many seconds the request is good. */
  readonly requestedAtMs: number;
  readonly ttlS: number;
  /** `cert=<common name>`, computed from the verified certificate. */
  readonly caller: string;
  readonly collective: string;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** The node side of an RPC agent. Every action of the DDL must be there, with its types. `H` is what the daemon offers its agents. */
export interface Agent<D extends Ddl = Ddl, H = unknown> {
  readonly ddl: D;
  /** Seconds beyond the time limit of the DDL that an action may take to end by itself; 0 by default. */
  readonly graceS?: number;
  /** Whether it is active is not asked every 30 s, because that takes more than a look at files. */
  readonly activationIsCostly?: boolean;
  /** False: the agent is not served. Asked at start, whenever the daemon's state or a setting changes, and from time to time. */
  activate(host: H): Promise<boolean>;
  readonly actions: {
    readonly [N in ActionName<D>]: (
      input: ParsedInput<D, N>,
      request: ActionRequest,
      host: H,
    ) => Promise<ActionOutput<D, N>>;
  };
}

/** What an action says of its output: a reply status, and a message for a person. */
export interface GivenStatus {
  readonly status: ReplyStatus;
  readonly message: string;
}

const given = new WeakMap<object, GivenStatus>();

/**
 * The same output with another status or message than 0 and `OK`, for an action that fails in its own words and still has
 * something to show. With a status other than 0, what does not fit the DDL is left out.
 */
export function withStatus<O extends object>(output: O, status: GivenStatus): O {
  given.set(output, status);
  return output;
}

/** What {@link withStatus} has said of this output. */
export function givenStatus(output: unknown): GivenStatus | undefined {
  return typeof output === 'object' && output !== null ? given.get(output) : undefined;
}

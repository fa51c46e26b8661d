import type { AskReply, AskResult } from '../../bus/ask.ts';
import type { RpcClient } from '../../bus/client.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import { REPLY_STATUS } from '../../core/ddl.ts';
import { asMusterError, type MusterError } from '../../core/errors.ts';
import type { Role } from '../../core/names.ts';
import { secretsIn } from '../../core/secret-fields.ts';

/** Nodes that are asked at a time. */
const AT_A_TIME = 20;
/** What went wrong on this side, and would go wrong for every node. */
const OURS: ReadonlySet<string> = new Set(['BROKER_UNREACHABLE', 'BROKER_REFUSED']);

/** Whom to ask, each by itself. */
export interface AskEachOptions<O> {
  readonly nodes: readonly { readonly identity: string; readonly role: Role }[];
  readonly timeoutS: number;
  /** Ends it: who has not been asked by then is not. */
  readonly signal: AbortSignal;
  readonly onReply?: (reply: AskReply<O>) => void;
}

/**
 * Asks known nodes one by one, some at a time: what is secret is encrypted to each of them, and cannot be sent to all.
 * Input that does not fit is told as a reply of each. Throws BROKER_UNREACHABLE, BROKER_REFUSED.
 */
export async function askEach<D extends Ddl, N extends ActionName<D>>(
  rpc: Pick<RpcClient, 'call'>,
  collective: string,
  ddl: D,
  action: N,
  input: ActionInput<D, N>,
  options: AskEachOptions<ActionOutput<D, N>>,
): Promise<Pick<AskResult<ActionOutput<D, N>>, 'replies' | 'silent'> & { readonly notAsked: string[] }> {
  const replies: AskReply<ActionOutput<D, N>>[] = [];
  const silent: string[] = [];
  const waiting = [...options.nodes];
  const one = async ({ identity, role }: AskEachOptions<unknown>['nodes'][number]): Promise<void> => {
    try {
      const { timeoutS, signal } = options;
      const data = await rpc.call(collective, identity, ddl, action, input, { timeoutS, signal });
      replies.push({ identity, role, status: 0, code: null, message: 'OK', data });
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (options.signal.aborted && OURS.has(error.code)) return void silent.push(identity);
      if (OURS.has(error.code)) throw error;
      if (error.code === 'NODE_UNREACHABLE') return void silent.push(identity);
      const { code, message } = error;
      replies.push({ identity, role, status: statusOf(error), code, message, data: null });
    }
    const last = replies.at(-1);
    if (last !== undefined) options.onReply?.(last);
  };
  const worker = async (): Promise<void> => {
    while (!options.signal.aborted) {
      const next = waiting.shift();
      if (next === undefined) return;
      await one(next);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, waiting.length) }, worker));
  return { replies, silent, notAsked: waiting.map(({ identity }) => identity) };
}

/** Is something in this input secret? Pure. */
export function holdsSecret(ddl: Ddl, action: string, input: unknown): boolean {
  const declared = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  return declared !== undefined && secretsIn(declared.input, input).length > 0;
}

/** A node with the role that it was last heard with. */
export async function withRole(
  registry: { get(identity: string): Promise<{ readonly role: Role } | null> },
  identity: string,
): Promise<{ identity: string; role: Role }> {
  return { identity, role: (await registry.get(identity))?.role ?? 'node' };
}

function statusOf({ code }: MusterError): number {
  if (code === 'RPC_UNKNOWN_ACTION') return REPLY_STATUS.unknownAction;
  if (code === 'RPC_INVALID_DATA') return REPLY_STATUS.invalidData;
  return code === 'RPC_FAILED' ? REPLY_STATUS.unknownError : REPLY_STATUS.aborted;
}

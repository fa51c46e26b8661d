import { type Ddl, REPLY_STATUS } from '../core/ddl.ts';
import { type ErrorCode, isErrorCode, MusterError } from '../core/errors.ts';
import type { Reply } from '../core/messages.ts';
import { actionOf, problemOf } from './request.ts';

/** The checked output of a good reply, or the error that a reply means. Pure. */
export type Verdict =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: MusterError };

/**
 * Reads a reply: status 0 with an output that fits the DDL is good. Otherwise the error: of status 1 the code that the
 * node gave, if it is one of ours.
 */
export function verdictOf(identity: string, ddl: Ddl, reply: Reply): Verdict {
  const where = `${identity}: ${ddl.name}#${reply.action}`;
  if (reply.status !== REPLY_STATUS.ok)
    return { ok: false, error: new MusterError(codeOf(reply), `${where}: ${reply.message}`) };
  const output = actionOf(ddl, reply.action).output.safeParse(reply.data);
  if (output.success) return { ok: true, data: output.data };
  const problem = `${where}: the reply does not fit the DDL: ${problemOf(output.error)}`;
  return { ok: false, error: new MusterError('RPC_INVALID_DATA', problem) };
}

function codeOf(reply: Reply): ErrorCode {
  if (reply.status === REPLY_STATUS.unknownAction) return 'RPC_UNKNOWN_ACTION';
  if (reply.status === REPLY_STATUS.unknownError) return 'RPC_FAILED';
  if (reply.status !== REPLY_STATUS.aborted) return 'RPC_INVALID_DATA';
  return isErrorCode(reply.code) ? reply.code : 'RPC_ABORTED';
}

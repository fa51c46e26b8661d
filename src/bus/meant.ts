import type { DataValue } from '../core/data.ts';
import { asMusterError } from '../core/errors.ts';
import type { DataCall, Expression, FilterSubject } from '../core/filter/ast.ts';
import { compileFilter } from '../core/filter/compile.ts';
import { evaluate, settle } from '../core/filter/evaluate.ts';
import type { Log } from '../core/log.ts';
import type { Authorize } from './dispatch.ts';
import type { Admitted } from './gate.ts';

/** What is needed to tell whether a request is meant for this node. */
export interface MeantOptions {
  readonly authorize: Authorize;
  /** Asks a data plug-in, for filters; without it a filter that needs one does not match. */
  readonly data?: (call: DataCall, signal: AbortSignal) => Promise<DataValue | null>;
  readonly log: Log;
}

/** The filter of a request; null when it cannot be read: then it is nobody's. */
export function filterOf({ request }: Admitted, log: Log): Expression | null {
  try {
    return compileFilter(request.filter);
  } catch (thrown) {
    const err = asMusterError(thrown).message;
    log.warn({ reason: 'FILTER', request: request.id, err }, 'request refused');
    return null;
  }
}

/** May this node be meant? Only what costs nothing is looked at. */
export function mayBeMeant(filter: Expression, node: FilterSubject): boolean {
  return evaluate(filter, node) !== false;
}

/**
 * Is it meant? Whoever may not ask for data by a call learns nothing by a filter either: the policy is asked in the words of the
 * call that would give the same, and it stands in the audit. A filter that depends on what nobody could tell does not match.
 */
export async function isMeant(
  filter: Expression,
  node: FilterSubject,
  admitted: Admitted,
  by: MeantOptions & { readonly signal: AbortSignal },
): Promise<boolean> {
  const ask = async (call: DataCall): Promise<DataValue | null> => {
    try {
      const afterwards = await by.authorize(attemptOf(admitted, call, node));
      const value = (await by.data?.(call, by.signal)) ?? null;
      afterwards?.({ status: 0, message: 'OK', data: {} });
      return value;
    } catch (thrown) {
      const { code, message: err } = asMusterError(thrown);
      by.log.warn({ request: admitted.request.id, data: call.name, code, err }, 'a filter got no data');
      return null;
    }
  };
  return (await settle(filter, node, ask)) === true;
}

function attemptOf(
  { request, sender }: Admitted,
  { name, query }: DataCall,
  { facts, classes }: FilterSubject,
): Parameters<Authorize>[0] {
  const asked = { requestId: request.id, requestedAtMs: request.iat_ms, collective: request.collective };
  const data = { source: name, ...(query === null ? {} : { query }) };
  const call = { agent: 'rpcutil', action: 'get_data', data };
  return { ...asked, sender, caller: `cert=${sender.name}`, ...call, facts, classes };
}

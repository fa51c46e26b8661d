import { actionOf, MAX_TTL_S } from '../../bus/request.ts';
import type { Ddl, DdlAction } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import type { FilterOptions } from './ask-options.ts';
import { parseFacts } from './facts.ts';
import { readFilter, type TypedFilter } from './filter-texts.ts';
import { count, seconds, share } from './numbers.ts';
import type { Selection } from './selection.ts';

/** A node that gives an action up when its time is over says so: that answer should still be heard. */
const TRAVEL_S = 2;

/** A request as typed, checked before anything is connected. */
export interface AskPlan {
  readonly filter: TypedFilter;
  readonly methodOptions: Readonly<Record<string, string>>;
  /** null: the method's own. */
  readonly discoveryS: number | null;
  readonly selection: Selection;
  /** null: all at once. */
  readonly batch: ((of: number) => number) | null;
  readonly batchSleepS: number;
  readonly timeoutS: number;
  readonly ttlS: number;
  /** Does the action change nodes? */
  readonly changes: boolean;
}

/** Reads the options of a request. Throws USAGE, RPC_UNKNOWN_ACTION. Pure. */
export function planAsk(options: FilterOptions, ddl: Ddl, action: string): AskPlan {
  const spec = actionOf(ddl, action);
  const timeoutS =
    options.timeout === undefined
      ? ddl.timeoutS + TRAVEL_S
      : seconds('--timeout', options.timeout, { min: 0.1 });
  return {
    filter: readFilter(options),
    methodOptions: parseFacts(options.do ?? [], 'option of --do'),
    discoveryS: options.dt === undefined ? null : seconds('--dt', options.dt, { min: 0.1 }),
    selection: readSelection(options),
    batch: options.batch === undefined ? null : share('--batch', options.batch),
    batchSleepS: seconds('--batch-sleep', options.batchSleep ?? '1'),
    timeoutS,
    ttlS: options.ttl === undefined ? timeoutS : seconds('--ttl', options.ttl, { min: 1, max: MAX_TTL_S }),
    changes: changesNodes(spec),
  };
}

/**
 * An action changes nodes if its DDL says so, else if only its failures are shown (`display: failed`): so do authors of DDLs mark
 * what does something, and `always` what asks. *Source:* the DDLs of MCollective's agents.
 */
export function changesNodes(spec: DdlAction): boolean {
  return spec.changes ?? spec.display === 'failed';
}

function readSelection({ limit, limitSeed, one }: FilterOptions): Selection {
  if (one === true && limit !== undefined)
    throw new MusterError('USAGE', '--one and --limit cannot be given together');
  if (limitSeed !== undefined && limit === undefined && one !== true)
    throw new MusterError('USAGE', '--limit-seed says which nodes --limit chooses; give --limit as well');
  const seed = limitSeed === undefined ? null : count('--limit-seed', limitSeed);
  if (one === true) return { limit: () => 1, seed };
  return { limit: limit === undefined ? null : share('--limit', limit), seed };
}

/** Checks what was typed against the DDL. Throws USAGE that names input, value and what was expected; RPC_UNKNOWN_ACTION. */
export async function checkTyped(ddl: Ddl, action: string, input: unknown): Promise<void> {
  const schema = actionOf(ddl, action).input;
  if (schema.safeParse(input).success) return;
  const { checkInput } = await import('./rpc/typed-input.ts');
  checkInput(`${ddl.name}#${action}`, schema, Object(input));
}

import type { DataValue } from '../data.ts';
import type { DataCall, Expression, FilterSubject, Operand } from './ast.ts';

/** null: it depends on something that is not known here, such as what a data plug-in would say. */
export type Truth = boolean | null;

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Does the filter hold? A comparison with a fact that the node does not have never holds, `!=` and `!~` included.
 * `<`, `<=`, `>`, `>=` compare numbers as numbers. `wants` is told each data call that has not been answered yet and on which the
 * outcome may depend. Three-valued: what is unknown stays so unless the rest decides. Facts are data: nothing of them is run. Pure.
 */
export function evaluate(
  filter: Expression,
  node: FilterSubject,
  wants: (call: DataCall) => void = () => undefined,
): Truth {
  switch (filter.kind) {
    case 'always':
      return true;
    case 'and':
      return combined(filter.parts, false, node, wants);
    case 'or':
      return combined(filter.parts, true, node, wants);
    case 'not':
      return negate(evaluate(filter.part, node, wants));
    case 'class':
      return node.classes.includes(filter.name);
    case 'classRegex':
      return node.classes.some(filter.pattern.matches);
    case 'agent':
      return node.agents.has(filter.name);
    case 'agentRegex':
      return [...node.agents.keys()].some(filter.pattern.matches);
    case 'identity':
      return node.identity === filter.name;
    case 'identityRegex':
      return filter.pattern.matches(node.identity);
    case 'includes':
      return listOf(leftOf({ from: 'fact', name: filter.fact }, node, wants)).includes(filter.value);
    default:
      return ofValue(filter, leftOf(filter.left, node, wants));
  }
}

/** {@link evaluate}, with the data plug-ins asked one by one as far as needed, as {@link withAnswers} does. */
export function settle(
  filter: Expression,
  node: Omit<FilterSubject, 'data'>,
  ask: (call: DataCall) => Promise<DataValue | null>,
): Promise<Truth> {
  return withAnswers((data, wants) => evaluate(filter, { ...node, data }, wants), ask);
}

/**
 * What `look` says once it wants no more answers. It is called again after each one; `ask` gives null when a plug-in cannot tell.
 * Rejects only when `ask` does.
 */
export async function withAnswers<T>(
  look: (data: NonNullable<FilterSubject['data']>, wants: (call: DataCall) => void) => T,
  ask: (call: DataCall) => Promise<DataValue | null>,
): Promise<T> {
  const known = new Map<string, DataValue | null>();
  for (;;) {
    const missing: DataCall[] = [];
    const seen = look(
      (call) => known.get(keyOf(call)),
      (call) => missing.push(call),
    );
    const [next] = missing;
    if (next === undefined) return seen;
    known.set(keyOf(next), await ask(next));
  }
}

/** All data calls of a filter, in their order. Pure. */
export function dataCalls(filter: Expression): DataCall[] {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.parts.flatMap(dataCalls);
  if (filter.kind === 'not') return dataCalls(filter.part);
  return 'left' in filter && filter.left.from === 'data' ? [filter.left] : [];
}

/** `and` (false decides) or `or` (true decides). */
function combined(
  parts: readonly Expression[],
  decides: boolean,
  node: FilterSubject,
  wants: (call: DataCall) => void,
): Truth {
  let unknown = false;
  const wanted: DataCall[] = [];
  for (const part of parts) {
    const truth = evaluate(part, node, (call) => wanted.push(call));
    if (truth === decides) return decides;
    if (truth === null) unknown = true;
  }
  // Only now: what costs nothing may decide, wherever it stands.
  for (const call of wanted) wants(call);
  return unknown ? null : !decides;
}

function negate(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

/** undefined: there is no such value; null: it is not known. */
function leftOf(
  left: Operand,
  node: FilterSubject,
  wants: (call: DataCall) => void,
): DataValue | null | undefined {
  if (left.from === 'fact') return Object.hasOwn(node.facts, left.name) ? node.facts[left.name] : undefined;
  const answer = node.data?.(left);
  if (answer === undefined) wants(left);
  return answer ?? null;
}

function ofValue(
  filter: Extract<Expression, { readonly left: Operand }>,
  value: DataValue | null | undefined,
): Truth {
  if (value === null) return null;
  if (value === undefined) return false;
  const text = String(value);
  if (filter.kind === 'truthy') return !['', 'false', '0'].includes(text);
  if (filter.kind === 'match') return filter.pattern.matches(text) !== filter.negated;
  return compares(text, filter.operator, filter.value);
}

function compares(
  text: string,
  operator: Extract<Expression, { kind: 'compare' }>['operator'],
  wanted: string,
): boolean {
  const numbers = NUMBER.test(text) && NUMBER.test(wanted);
  switch (operator) {
    case '=':
      return text === wanted;
    case '!=':
      return text !== wanted;
    case 'contains':
      return text.includes(wanted);
    case 'startswith':
      return text.startsWith(wanted);
    case 'endswith':
      return text.endsWith(wanted);
    case '<':
      return numbers && Number(text) < Number(wanted);
    case '<=':
      return numbers && Number(text) <= Number(wanted);
    case '>':
      return numbers && Number(text) > Number(wanted);
    case '>=':
      return numbers && Number(text) >= Number(wanted);
  }
}

/** Lists among facts are kept as JSON. */
function listOf(value: DataValue | null | undefined): string[] {
  if (typeof value !== 'string' || !value.startsWith('[')) return [];
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

function keyOf({ name, query, field }: DataCall): string {
  return JSON.stringify([name, query, field]);
}

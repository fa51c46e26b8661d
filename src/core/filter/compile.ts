import { MusterError } from '../errors.ts';
import type { Filter } from '../messages.ts';
import { allOf, type Expression } from './ast.ts';
import { parseFilter, patternOf } from './parse.ts';
import { PartError } from './problem.ts';

type Kind = 'identity' | 'agent' | 'class';

/**
 * The filter of a request as one expression: all kinds must hold, several identities are alternatives. An empty filter means
 * everybody. Throws USAGE with the text, a caret under the place and what is wrong. Pure. *Source:* MCollective's filters.
 */
export function compileFilter(filter: Filter): Expression {
  const identities = filter.identity.map((name) => named('identity', name));
  const anyOf: Expression[] = identities.length > 1 ? [{ kind: 'or', parts: identities }] : identities;
  return allOf([
    ...anyOf,
    ...filter.agent.map((name) => named('agent', name)),
    ...filter.class.map((name) => named('class', name)),
    ...filter.fact.map(factOf),
    ...filter.compound.map((text) => orCaret('compound filter', text, () => parseFilter(text))),
  ]);
}

/** Runs `read`; a PartError becomes USAGE that shows `text` with a caret. Pure. */
export function orCaret<T>(what: string, text: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof PartError)) throw thrown;
    throw new MusterError('USAGE', `${what}: ${thrown.message}`, { details: thrown.lines(text) });
  }
}

function named(kind: Kind, name: string): Expression {
  const source = /^\/(.+)\/$/s.exec(name)?.[1];
  if (source === undefined) return { kind, name };
  return { kind: `${kind}Regex`, pattern: orCaret(`${kind} filter`, name, () => patternOf(source)) };
}

function factOf({ fact, operator, value }: Filter['fact'][number]): Expression {
  const left = { from: 'fact', name: fact } as const;
  if (operator !== '=~' && operator !== '!~') return { kind: 'compare', left, operator, value };
  const text = `${fact}${operator}${value}`;
  const pattern = orCaret('fact filter', text, () => patternOf(value, fact.length + operator.length));
  return { kind: 'match', left, negated: operator === '!~', pattern };
}

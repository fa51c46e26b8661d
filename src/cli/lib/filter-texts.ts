import { MusterError } from '../../core/errors.ts';
import type { Expression } from '../../core/filter/ast.ts';
import { compileFilter } from '../../core/filter/compile.ts';
import { filterOfTexts } from '../../core/filter/texts.ts';
import { Filter } from '../../core/messages.ts';
import type { FilterOptions } from './ask-options.ts';

/** Filters of a command line. */
export interface TypedFilter {
  /** As it goes over the wire. */
  readonly wire: Filter;
  readonly expression: Expression;
  /** Names that are no regular expressions. */
  readonly names: readonly string[];
  /** Nothing but exact names was given. */
  readonly namesOnly: boolean;
  /** Nothing was given. */
  readonly empty: boolean;
}

/** Reads the filters that were typed. Throws USAGE with the text, and a caret under the place. Pure. */
export function readFilter(options: FilterOptions): TypedFilter {
  const texts = filterOfTexts({
    identity: options.withIdentity ?? [],
    agent: options.withAgent ?? [],
    class: options.withClass ?? [],
    fact: options.withFact ?? [],
    with: options.with ?? [],
    compound: options.select ?? [],
  });
  const parsed = Filter.safeParse({ ...texts, identity: [...new Set(texts.identity)] });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [kind, index] = issue?.path ?? [];
    const given = kind === undefined ? '' : String(Object(texts)[kind]?.[Number(index)] ?? '');
    throw new MusterError('USAGE', `${String(kind)} filter '${given}': ${expectation(String(kind))}`);
  }
  const wire = parsed.data;
  const expression = compileFilter(wire);
  const names = wire.identity.filter((name) => !name.startsWith('/'));
  const others = wire.agent.length + wire.class.length + wire.fact.length + wire.compound.length;
  return {
    ...{ wire, expression, names },
    namesOnly: others === 0 && names.length > 0 && names.length === wire.identity.length,
    empty: others === 0 && wire.identity.length === 0,
  };
}

function expectation(kind: string): string {
  if (kind === 'identity')
    return 'expected the name of a node (lower case letters, digits, dots and dashes) or /regex/';
  if (kind === 'agent') return 'expected the name of an agent (lower case letters, digits and _) or /regex/';
  return 'it is too long, or there are too many';
}

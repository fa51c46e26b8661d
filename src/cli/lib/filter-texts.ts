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
  for (const text of options.with ?? []) checkMixed(text);
  const texts = filterOfTexts({
    identity: options.withIdentity ?? [],
    agent: options.withAgent ?? [],
    class: options.withClass ?? [],
    fact: options.withFact ?? [],
    with: options.with ?? [],
    compound: options.select ?? [],
  });
  const parsed = Filter.safeParse({ ...texts, identity: [...new Set(texts.identity)] });
  if (!parsed.success) throw wrongFilter(texts, parsed.error.issues[0]?.path ?? []);
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

function wrongFilter(texts: object, [kind, index]: readonly PropertyKey[]): MusterError {
  const name = String(kind);
  if (index === undefined)
    return new MusterError('USAGE', `${name} filter: it is given too often; write a regular expression`);
  const given = String(Object(new Map(Object.entries(texts)).get(name))[Number(index)] ?? '');
  return new MusterError('USAGE', `${name} filter '${given}': ${expectation(name)}`);
}

function expectation(kind: string): string {
  if (kind === 'identity')
    return 'expected the name of a node (lower case letters, digits, dots and dashes) or /regex/';
  if (kind === 'agent') return 'expected the name of an agent (lower case letters, digits and _) or /regex/';
  if (kind === 'class') return 'expected the name of a class, at most 300 characters, or /regex/';
  return 'it is too long';
}

/** Empty text, as of a variable of a shell that is not set, would mean everybody; words of --select would be classes. */
function checkMixed(text: string): void {
  if (text.trim() === '')
    throw new MusterError('USAGE', `--with is '${text}'; expected classes and facts, separated by spaces`);
  const word = text.split(/\s+/).find((one) => /^(and|or|not|!)$/i.test(one));
  if (word === undefined) return;
  throw new MusterError(
    'USAGE',
    `--with '${text}': '${word}' is no class; all of --with must hold, and --select reads '${word}'`,
  );
}

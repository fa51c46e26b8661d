import type { DataValue } from '../data.ts';

/** A question to a data plug-in: `name('query').field`. */
export interface DataCall {
  readonly name: string;
  /** null when the function is called without an argument. */
  readonly query: string | null;
  readonly field: string;
}

/** What is compared: a fact by its name or path (`os.family`), or what a data plug-in says. */
export type Operand =
  | { readonly from: 'fact'; readonly name: string }
  | ({ readonly from: 'data' } & DataCall);

/** How texts and numbers are compared; `=~` and `!~` are regular expressions. */
export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '=~'
  | '!~'
  | 'contains'
  | 'startswith'
  | 'endswith';

/** A pattern with its test. */
export interface Pattern {
  readonly source: string;
  readonly matches: (text: string) => boolean;
}

/** A filter, read and checked. */
export type Expression =
  | { readonly kind: 'always' }
  | { readonly kind: 'and'; readonly parts: readonly Expression[] }
  | { readonly kind: 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  /** The node has a class, serves an agent, or is called so. */
  | { readonly kind: 'class' | 'agent' | 'identity'; readonly name: string }
  | { readonly kind: 'classRegex' | 'agentRegex' | 'identityRegex'; readonly pattern: Pattern }
  | {
      readonly kind: 'compare';
      readonly left: Operand;
      readonly operator: Exclude<Operator, '=~' | '!~'>;
      readonly value: string;
    }
  | {
      readonly kind: 'match';
      readonly left: Operand;
      readonly negated: boolean;
      readonly pattern: Pattern;
    }
  /** The value is there and is neither empty, `false` nor `0`. */
  | { readonly kind: 'truthy'; readonly left: Operand }
  /** A fact that is a list (a JSON array) holds the value. */
  | { readonly kind: 'includes'; readonly fact: string; readonly value: string };

/** What a filter is compared with. */
export interface FilterSubject {
  readonly identity: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly classes: readonly string[];
  readonly agents: { has(name: string): boolean; keys(): Iterable<string> };
  /** Answers to data plug-ins: undefined when not asked yet, null when they could not tell. */
  readonly data?: (call: DataCall) => DataValue | null | undefined;
}

/** Filters whose meaning ends at one place. */
export const ALWAYS: Expression = { kind: 'always' };

/** All of them; nothing means always. Pure. */
export function allOf(parts: readonly Expression[]): Expression {
  const [only] = parts;
  if (only === undefined) return ALWAYS;
  return parts.length === 1 ? only : { kind: 'and', parts };
}

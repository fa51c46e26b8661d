import { asMusterError } from '../../core/errors.ts';
import { compileRegex } from '../../core/regex.ts';
import { PartError } from './problem.ts';
import { type Token, tokenize } from './tokens.ts';

/** How a fact may be compared. */
type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~';

/** What a node must be for a line to hold. */
export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'classRegex'; readonly matches: (text: string) => boolean }
  | { readonly kind: 'fact'; readonly fact: string; readonly operator: Operator; readonly value: string }
  | { readonly kind: 'factRegex'; readonly fact: string; readonly matches: (text: string) => boolean };

const MAX_DEPTH = 50;
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Reads the facts column (`facts`: comparisons, and classes as bare words) or the classes column (`classes`: classes
 * only): `*`, words one after the other (all must hold), `and`, `or`, `not`, `!`, parentheses. Throws PartError. Pure.
 * *Source:* MCollective's ActionPolicy and compound filters.
 */
export function parseCondition(text: string, column: 'facts' | 'classes'): Condition {
  if (text.trim() === '*') return { kind: 'always' };
  const reader = new ConditionReader(tokenize(text), column);
  const condition = reader.either(0);
  reader.expectEnd();
  return condition;
}

class ConditionReader {
  readonly #tokens: readonly Token[];
  readonly #column: 'facts' | 'classes';
  #next = 0;

  constructor(tokens: readonly Token[], column: 'facts' | 'classes') {
    this.#tokens = tokens;
    this.#column = column;
  }

  either(depth: number): Condition {
    const parts = [this.#all(depth)];
    while (this.#take('or')) parts.push(this.#all(depth));
    return joined('or', parts);
  }

  expectEnd(): void {
    const { kind, text, at } = this.#peek();
    if (kind !== 'end') throw new PartError(`'${text}' does not belong here`, at);
  }

  #all(depth: number): Condition {
    const parts = [this.#one(depth)];
    // `a b` means `a and b`: lists without a word between are ActionPolicy's plain form.
    while (this.#take('and') || !['or', ')', 'end'].includes(this.#peek().kind)) parts.push(this.#one(depth));
    return joined('and', parts);
  }

  #one(depth: number): Condition {
    const token = this.#peek();
    if (depth > MAX_DEPTH) throw new PartError('nested too deep', token.at);
    this.#next += 1;
    if (token.kind === 'not') return { kind: 'not', part: this.#one(depth + 1) };
    if (token.kind === '(') {
      const inner = this.either(depth + 1);
      if (!this.#take(')')) throw new PartError("'(' without ')'", token.at);
      return inner;
    }
    if (token.kind === 'regex') return { kind: 'classRegex', matches: regexAt(token) };
    if (token.kind === 'word' || token.kind === 'text') return this.#named(token);
    if (token.kind === 'end') throw new PartError('something is missing at the end', token.at);
    throw new PartError(`'${token.text}' does not belong here`, token.at);
  }

  #named(token: Token): Condition {
    const after = this.#peek();
    if (after.kind === '(' && after.at === token.at + token.text.length) throw dataFunction(token);
    if (after.kind !== 'operator') {
      if (token.text === '*')
        throw new PartError("'*' must stand alone", token.at, 'leave it out: the rest decides');
      return { kind: 'class', name: token.text };
    }
    if (this.#column === 'classes')
      throw new PartError(
        'the classes column compares no facts',
        token.at,
        'facts stand in the column before',
      );
    this.#next += 1;
    const value = this.#peek();
    this.#next += 1;
    if (!['word', 'text', 'regex'].includes(value.kind))
      throw new PartError(`there is no value behind '${after.text}'`, after.at);
    return comparison(token.text, after, value);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 };
  }

  #take(kind: Token['kind']): boolean {
    if (this.#peek().kind !== kind) return false;
    this.#next += 1;
    return true;
  }
}

function comparison(fact: string, { text: operator, at }: Token, value: Token): Condition {
  const isRegex = operator === '=~' || (value.kind === 'regex' && (operator === '=' || operator === '=='));
  if (isRegex) return { kind: 'factRegex', fact, matches: regexAt(value) };
  if (value.kind === 'regex')
    throw new PartError(`'${operator}' compares no regular expression`, at, "use '=~', with 'not' before it");
  if (/[<>]/.test(operator) && !NUMBER.test(value.text))
    throw new PartError(`'${operator}' compares numbers, and '${value.text}' is none`, value.at);
  return {
    kind: 'fact',
    fact,
    operator: (operator === '==' ? '=' : operator) as Operator,
    value: value.text,
  };
}

function regexAt(token: Token): (text: string) => boolean {
  try {
    return compileRegex(token.text);
  } catch (thrown) {
    throw new PartError(asMusterError(thrown).message, token.at);
  }
}

function dataFunction({ text, at }: Token): PartError {
  return new PartError(
    `unknown data function '${text}()'`,
    at,
    'this node has no data plug-ins: compare facts and classes',
  );
}

function joined(kind: 'and' | 'or', parts: readonly Condition[]): Condition {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, parts };
}

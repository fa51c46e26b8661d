interface Expected {
  readonly type: string;
  readonly description?: string;
  readonly text?: string;
}

interface GrammarFault {
  readonly location: { readonly start: { readonly offset: number } };
  readonly expected: readonly Expected[] | null;
}

/** Expected nearly everywhere, so that naming it helps nobody. */
const NOISE = 'a space';
/** All that a term may begin with, as one word. */
const TERM = "a class, a comparison of a fact, a function or '('";
const BEGINS_TERM = new Set([
  '(',
  'include(',
  'with(',
  'fact(',
  'not',
  'a class or a fact',
  'text in quotes',
]);

/** A fault found while a part of a text is read: a filter, a column of a policy. `offset` counts characters from the part's beginning. */
export class PartError extends Error {
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(message: string, offset: number, hint?: string) {
    super(message);
    this.name = 'PartError';
    this.offset = offset;
    this.hint = hint;
  }

  /** What the generated parser threw, in words. Anything else is thrown again. */
  static ofGrammar(thrown: unknown, text: string): PartError {
    if (!isFault(thrown)) throw thrown;
    const offset = wordStart(text, thrown.location.start.offset);
    const quote = openQuote(text);
    if (quote !== null) return new PartError('a quote is not closed', quote, 'close the quotes');
    const open = openParenthesis(text);
    const atEnd = offset >= text.length;
    if (atEnd && open !== null) return new PartError("'(' without ')'", open);
    const found = atEnd ? 'the end' : `'${/^\S+/.exec(text.slice(offset))?.[0] ?? ' '}'`;
    return new PartError(`expected ${expectation(thrown)}, but here is ${found}`, offset);
  }

  /** The filter, a caret under the place, and the hint: lines to print under the message. Pure. */
  lines(text: string): string[] {
    const line = text.replaceAll(/\s/g, ' ');
    return [line, `${' '.repeat(this.offset)}^`, ...(this.hint === undefined ? [] : [this.hint])];
  }
}

function isFault(thrown: unknown): thrown is GrammarFault {
  return thrown instanceof SyntaxError && 'location' in thrown && 'expected' in thrown;
}

function expectation({ expected }: GrammarFault): string {
  const names = new Set(
    (expected ?? [])
      .filter(({ type }) => type !== 'class')
      .map(nameOf)
      .filter((name) => name !== NOISE),
  );
  const plain = [...names].filter((name) => !BEGINS_TERM.has(name));
  const all = plain.length < names.size && names.has('(') ? [TERM, ...plain] : [...names];
  return all.length === 0 ? 'something else' : all.join(', ');
}

function nameOf({ type, description, text }: Expected): string {
  if (type === 'end') return 'the end';
  return description ?? text ?? type;
}

/** The parser looks behind `and`, `or` and `not`; what stands in the wrong place is the word itself. */
function wordStart(text: string, offset: number): number {
  const word = /\b(?:and|or)$/i.exec(text.slice(0, offset))?.[0];
  return word === undefined || /^\s*$/.test(text.slice(offset)) ? offset : offset - word.length;
}

/** Where a quote begins that does not end; null when all do. Pure. */
function openQuote(text: string): number | null {
  let open: { readonly sign: string; readonly at: number } | null = null;
  for (const [at, sign] of [...text].entries()) {
    if (open === null && (sign === "'" || sign === '"')) open = { sign, at };
    else if (open?.sign === sign) open = null;
  }
  return open?.at ?? null;
}

/** Where the innermost parenthesis begins that does not end; null when all do. Pure. */
function openParenthesis(text: string): number | null {
  const open: number[] = [];
  const plain = text.replaceAll(/"[^"]*"|'[^']*'/g, (quoted) => ' '.repeat(quoted.length));
  for (const [at, sign] of [...plain].entries()) {
    if (sign === '(') open.push(at);
    if (sign === ')') open.pop();
  }
  return open.at(-1) ?? null;
}

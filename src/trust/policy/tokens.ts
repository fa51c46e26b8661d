import { PartError } from './problem.ts';

/** A piece of a condition, with the place where it begins. */
export interface Token {
  readonly kind: 'word' | 'text' | 'regex' | 'operator' | 'not' | 'and' | 'or' | '(' | ')' | 'end';
  /** Without quotes or slashes. */
  readonly text: string;
  readonly at: number;
}

const MAX_TOKENS = 500;
const OPERATORS = ['=~', '==', '!=', '<=', '>=', '=', '<', '>'];
/** Tried in this order, at the place where a token must begin. */
const SHAPES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['(', /\(/y],
  [')', /\)/y],
  // Longest first: `<=` read as `<` and a value `=5` is how MCollective's comparison never matched.
  ['operator', /=~|==|!=|<=|>=|=|<|>/y],
  ['not', /!/y],
  ['text', /"[^"]*"|'[^']*'/y],
  ['regex', /\/(?:[^/\\\s]|\\\S)+\/(?=[\s)]|$)/y],
  ['word', /[^\s()=<>!"'~]+/y],
];
/** A value may hold signs that mean something elsewhere, as in `path=/a=b`. */
const VALUE = /[^\s()"']+/y;
const KEYWORDS: ReadonlyMap<string, Token['kind']> = new Map([
  ['and', 'and'],
  ['or', 'or'],
  ['not', 'not'],
]);

/** Cuts a condition into tokens; the last one is `end`. Throws PartError. Pure. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    if (at >= text.length) break;
    if (tokens.length >= MAX_TOKENS) throw new PartError(`more than ${MAX_TOKENS} words`, at);
    const token = nextToken(text, at, tokens.at(-1)?.kind === 'operator');
    tokens.push(token.token);
    at = token.end;
  }
  return [...tokens, { kind: 'end', text: '', at }];
}

function nextToken(text: string, at: number, isValue: boolean): { token: Token; end: number } {
  const shapes = isValue ? SHAPES.filter(([kind]) => kind === 'text' || kind === 'regex') : SHAPES;
  for (const [kind, shape] of isValue ? [...shapes, ['word', VALUE] as const] : shapes) {
    shape.lastIndex = at;
    const found = shape.exec(text)?.[0];
    if (found === undefined) continue;
    const bare = kind === 'text' || kind === 'regex' ? found.slice(1, -1) : found;
    const keyword = kind === 'word' && !isValue ? KEYWORDS.get(found.toLowerCase()) : undefined;
    return { token: { kind: keyword ?? kind, text: bare, at }, end: at + found.length };
  }
  throw new PartError(`'${text[at]}' is not understood here`, at, whatElse(text[at] ?? ''));
}

function whatElse(sign: string): string {
  if (sign === '"' || sign === "'") return 'close the quotes';
  return `operators are ${OPERATORS.join(' ')}; put a value with such signs in quotes`;
}

import { MusterError } from '../../core/errors.ts';

/** Does a character (code unit) belong? */
export type CharTest = (code: number) => boolean;

/** A regular expression as a tree. */
export type RegexNode =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly node: RegexNode; readonly min: number; readonly max: number | null };

const MAX_CHARS = 500;
const MAX_COUNT = 100;
const MAX_DEPTH = 20;

/** Classes and characters that stand behind a backslash. */
const ESCAPES: Readonly<Record<string, CharTest>> = {
  d: within('09'),
  D: not(within('09')),
  w: within('azAZ09__'),
  W: not(within('azAZ09__')),
  s: (code) => /\s/.test(String.fromCharCode(code)),
  S: (code) => !/\s/.test(String.fromCharCode(code)),
  t: within('\t\t'),
};

/**
 * Reads a regular expression: characters, `.`, classes, `^ $`, groups, `|`, `* + ? {n,m}`, `\d \w \s` and escaped
 * signs. What a linear-time search cannot have (back references, look-around) is refused. Throws USAGE that says where.
 */
export function parseRegex(text: string): RegexNode {
  if (text.length > MAX_CHARS) throw bad(`longer than ${MAX_CHARS} characters`, 0);
  const reader = new RegexReader(text);
  const node = reader.alternatives(0);
  if (!reader.done) throw bad("')' without '('", reader.at);
  return node;
}

class RegexReader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.at >= this.#text.length;
  }

  alternatives(depth: number): RegexNode {
    if (depth > MAX_DEPTH) throw bad('groups too deep', this.at);
    const parts = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'any', parts };
  }

  #sequence(depth: number): RegexNode {
    const parts: RegexNode[] = [];
    while (!this.done && !'|)'.includes(this.#peek())) parts.push(this.#repeated(this.#atom(depth)));
    return { kind: 'all', parts };
  }

  #atom(depth: number): RegexNode {
    const at = this.at;
    const sign = this.#next();
    if (sign === '(') return this.#group(depth, at);
    if (sign === '[') return { kind: 'char', test: this.#charClass(at) };
    if (sign === '.') return { kind: 'char', test: (code) => code !== 10 };
    if (sign === '^') return { kind: 'start' };
    if (sign === '$') return { kind: 'end' };
    if (sign === '\\') return { kind: 'char', test: this.#escape() };
    if ('*+?{'.includes(sign)) throw bad(`nothing before '${sign}' to repeat`, at);
    return { kind: 'char', test: same(sign) };
  }

  #group(depth: number, at: number): RegexNode {
    if (this.#take('?') && !this.#take(':')) throw bad('look-around and named groups are not known', at);
    const node = this.alternatives(depth + 1);
    if (!this.#take(')')) throw bad("'(' without ')'", at);
    return node;
  }

  #repeated(node: RegexNode): RegexNode {
    const at = this.at;
    if (this.#take('*')) return this.#onlyOnce({ kind: 'repeat', node, min: 0, max: null });
    if (this.#take('+')) return this.#onlyOnce({ kind: 'repeat', node, min: 1, max: null });
    if (this.#take('?')) return this.#onlyOnce({ kind: 'repeat', node, min: 0, max: 1 });
    if (!this.#take('{')) return node;
    const found = /^(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#text.slice(this.at));
    if (found === null) throw bad("expected {n}, {n,} or {n,m}; write '\\{' for the sign", at);
    const [all, low, comma, high = ''] = found;
    this.at += all.length;
    const min = Number(low);
    const open = high === '' ? null : Number(high);
    const max = comma === '' ? min : open;
    if (min > MAX_COUNT || (max ?? 0) > MAX_COUNT || (max !== null && max < min))
      throw bad(`a count above ${MAX_COUNT}, or the lower one above the higher`, at);
    return this.#onlyOnce({ kind: 'repeat', node, min, max });
  }

  /** A question mark behind a quantifier only says which match is preferred: here it is all the same. */
  #onlyOnce(node: RegexNode): RegexNode {
    this.#take('?');
    if (!this.done && '*+?{'.includes(this.#peek())) throw bad('a repetition of a repetition', this.at);
    return node;
  }

  #charClass(at: number): CharTest {
    const negated = this.#take('^');
    const tests: CharTest[] = [];
    while (!this.#take(']')) {
      if (this.done) throw bad("'[' without ']'", at);
      const first = this.#next();
      const ranged = first !== '\\' && this.#peek() === '-' && this.#text[this.at + 1] !== ']';
      if (first === '\\') tests.push(this.#escape());
      else if (ranged && this.at + 1 < this.#text.length) tests.push(this.#range(first));
      else tests.push(same(first));
    }
    const any: CharTest = (code) => tests.some((test) => test(code));
    return negated ? not(any) : any;
  }

  #range(first: string): CharTest {
    const at = this.at;
    this.#next();
    const last = this.#next();
    if (last === '\\' || last < first) throw bad(`the range ${first}-${last} makes no sense`, at);
    return within(first + last);
  }

  #escape(): CharTest {
    const at = this.at;
    const sign = this.#next();
    const known = Object.hasOwn(ESCAPES, sign) ? ESCAPES[sign] : undefined;
    if (known !== undefined) return known;
    if (sign === '' || /[A-Za-z0-9]/.test(sign)) throw bad(`\\${sign} is not known`, at);
    return same(sign);
  }

  #peek(): string {
    return this.#text[this.at] ?? '';
  }

  #next(): string {
    const sign = this.#peek();
    this.at += 1;
    return sign;
  }

  #take(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.at += 1;
    return true;
  }
}

function same(sign: string): CharTest {
  const wanted = sign.charCodeAt(0);
  return (code) => code === wanted;
}

/** Pairs of first and last character. */
function within(pairs: string): CharTest {
  const codes = [...pairs].map((sign) => sign.charCodeAt(0));
  return (code) =>
    codes.some((first, index) => index % 2 === 0 && code >= first && code <= (codes[index + 1] ?? first));
}

function not(test: CharTest): CharTest {
  return (code) => !test(code);
}

function bad(problem: string, at: number): MusterError {
  return new MusterError('USAGE', `regular expression: ${problem} (character ${at + 1})`);
}

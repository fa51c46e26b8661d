import { asMusterError } from '../errors.ts';
import { compileRegex } from '../regex.ts';
import { ALWAYS, type DataCall, type Expression, type Operand, type Operator, type Pattern } from './ast.ts';
import { parse, type RawFilter, type RawOperand } from './grammar.js';
import { PartError } from './problem.ts';

type Comparison = Pick<
  Extract<RawFilter, { kind: 'compare' }>,
  'operator' | 'value' | 'regex' | 'at' | 'valueAt'
>;

const MAX_CHARS = 4096;
const MAX_OPEN = 50;
const NUMBER = /^-?\d+(\.\d+)?$/;
const FACT_TEXT = /^(.+?)\s*(=~|!~|==|!=|<=|>=|=|<|>)\s*(.+)$/s;

/**
 * Reads a compound filter, in MCollective's spelling (`(web or !country=uk) and fstat('/etc/hosts').size>10`) or Choria's
 * (`with('web') && fact('os.family') == 'Debian'`). Throws PartError with the place of what is wrong. Pure.
 * *Source:* MCollective's compound filters (`-S`), Choria's filter expressions.
 */
export function parseFilter(text: string): Expression {
  if (text.length > MAX_CHARS) throw new PartError(`longer than ${MAX_CHARS} characters`, MAX_CHARS);
  if (text.trim() === '') throw new PartError('the filter is empty', 0);
  checkNesting(text);
  return typed(raw(text));
}

/**
 * `fact=value` and its like, as after `-F` and inside `with()`; null when the text compares nothing. Pure.
 * *Source:* MCollective's and Choria's fact filters.
 */
export function parseComparison(text: string, at = 0): Expression | null {
  const [, name, operator, value] = FACT_TEXT.exec(text) ?? [];
  if (name === undefined || operator === undefined || value === undefined) return null;
  const regex = /^\/(.+)\/$/s.exec(value)?.[1];
  return compare(
    { from: 'fact', name },
    { operator, value: regex ?? value, regex: regex !== undefined || /~/.test(operator), at, valueAt: at },
  );
}

/** The text of a regular expression as a pattern. Throws PartError. Pure. */
export function patternOf(source: string, at = 0): Pattern {
  try {
    return { source, matches: compileRegex(source) };
  } catch (thrown) {
    throw new PartError(asMusterError(thrown).message, at);
  }
}

function raw(text: string): RawFilter {
  try {
    return parse(text);
  } catch (thrown) {
    throw PartError.ofGrammar(thrown, text);
  }
}

/** The parser calls itself for each parenthesis, and the stack is not endless. */
function checkNesting(text: string): void {
  let open = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') open += 1;
    if (text[at] === ')') open -= 1;
    if (open > MAX_OPEN) throw new PartError(`more than ${MAX_OPEN} parentheses are open`, at);
  }
}

function typed(filter: RawFilter): Expression {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, parts: filter.parts.map(typed) };
    case 'not':
      return { kind: 'not', part: typed(filter.part) };
    case 'class':
      return classNamed(filter.name, filter.at);
    case 'classRegex':
      return { kind: 'classRegex', pattern: patternOf(filter.source, filter.at) };
    case 'with':
      return withText(filter.text, filter.at);
    case 'include':
      return includes(filter);
    case 'truthy':
      return { kind: 'truthy', left: operand(filter.left) };
    case 'compare':
      return compare(operand(filter.left), filter);
  }
}

function classNamed(name: string, at: number): Expression {
  if (name === '*') return ALWAYS;
  if (/[*?]/.test(name))
    throw new PartError(`'${name}' is no class`, at, 'a pattern is written between slashes: /^web/');
  if (name.includes('/'))
    throw new PartError(
      `'${name}' is no class`,
      at,
      "a regular expression with spaces is put in quotes: fact=~'a b'",
    );
  return { kind: 'class', name };
}

/** *Source:* Choria: a comparison of a fact if it is one, else a class or an agent. */
function withText(text: string, at: number): Expression {
  const comparison = parseComparison(text, at);
  if (comparison !== null) return comparison;
  const source = /^\/(.+)\/$/s.exec(text)?.[1];
  if (source === undefined) {
    return {
      kind: 'or',
      parts: [
        { kind: 'class', name: text },
        { kind: 'agent', name: text },
      ],
    };
  }
  const pattern = patternOf(source, at);
  return {
    kind: 'or',
    parts: [
      { kind: 'classRegex', pattern },
      { kind: 'agentRegex', pattern },
    ],
  };
}

function includes({ list, value }: Extract<RawFilter, { kind: 'include' }>): Expression {
  if (list.from === 'fact') return { kind: 'includes', fact: list.name, value };
  return { kind: list.from === 'classes' ? 'class' : 'agent', name: value };
}

function operand(left: RawOperand): Operand {
  if (left.from === 'fact') return left;
  if (left.field === null)
    throw new PartError(
      `${left.name}() gives several values`,
      left.at,
      `name one: ${left.name}(…).field; 'muster plugin doc data/${left.name}' lists them`,
    );
  const call: DataCall = { name: left.name, query: left.query, field: left.field };
  return { from: 'data', ...call };
}

function compare(left: Operand, { operator, value, regex, at, valueAt }: Comparison): Expression {
  if (regex) {
    if (!['=~', '!~', '=', '==', '!='].includes(operator))
      throw new PartError(`'${operator}' compares no regular expression`, at, "use '=~' or '!~'");
    const negated = operator === '!~' || operator === '!=';
    return { kind: 'match', left, negated, pattern: patternOf(value, valueAt) };
  }
  if (/[<>]/.test(operator) && !NUMBER.test(value))
    throw new PartError(`'${operator}' compares numbers, and '${value}' is none`, valueAt);
  const same = operator === '==' ? '=' : (operator as Exclude<Operator, '=~' | '!~'>);
  return { kind: 'compare', left, operator: same, value };
}

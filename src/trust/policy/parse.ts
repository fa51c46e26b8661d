import { ALWAYS, type Expression } from '../../core/filter/ast.ts';
import { PartError } from '../../core/filter/problem.ts';
import { word } from '../../core/names.ts';
import { type CallerTest, type PolicyGroups, parseCaller, problemOf, wordsOf } from './callers.ts';
import { parseCondition } from './condition.ts';
import { checkVisible, type PolicyProblem } from './problem.ts';

/** One line that allows or denies. */
export interface PolicyRule {
  readonly verdict: 'allow' | 'deny';
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly callers: readonly CallerTest[];
  /** null: every action. */
  readonly actions: readonly { readonly name: string; readonly column: number }[] | null;
  readonly facts: Expression;
  readonly classes: Expression;
}

/** One policy file. With an error among its problems it denies everything. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
  /** What holds when no line does; deny when the file does not say. */
  readonly byDefault: { readonly verdict: 'allow' | 'deny'; readonly line: number | null };
  readonly problems: readonly PolicyProblem[];
}

const MAX_CHARS = 256 * 1024;
const MAX_RULES = 5000;
const COLUMNS = 'allow|deny, callers, actions, facts, classes';
const TAB_HINT = `columns are separated by tabs (${COLUMNS}); spaces only separate entries of one column`;

interface Cell {
  readonly text: string;
  readonly offset: number;
}

/**
 * Reads a policy: lines of tab-separated `allow|deny`, callers, actions, facts and (optional) classes; `policy default
 * allow|deny`; `#` comments. Never throws: what is wrong is in `problems`, with line and column. Pure.
 * *Source:* MCollective's ActionPolicy; where it skips a line that it cannot read, this is an error.
 */
export function parsePolicy(text: string, groups: PolicyGroups): Policy {
  const rules: PolicyRule[] = [];
  const problems: PolicyProblem[] = [];
  let byDefault: Policy['byDefault'] = { verdict: 'deny', line: null };
  const lines = text.length > MAX_CHARS ? [] : text.split('\n');
  if (text.length > MAX_CHARS) problems.push(tooMuch(`more than ${MAX_CHARS} characters`));
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/\r$/, '');
    if (/^\s*(#|$)/.test(line)) continue;
    try {
      if (rules.length >= MAX_RULES) throw new PartError(`more than ${MAX_RULES} lines`, 0);
      checkVisible(line);
      const found = defaultOf(line);
      if (found === null) rules.push(ruleOf(line, index + 1, groups));
      else if (byDefault.line !== null)
        throw new PartError(`the default is set already, in line ${byDefault.line}`, 0, 'keep one of them');
      else byDefault = { verdict: found, line: index + 1 };
    } catch (thrown) {
      problems.push(problemOf(thrown, index + 1, 0));
      if (rules.length >= MAX_RULES) break;
    }
  }
  return { rules, byDefault, problems };
}

function defaultOf(line: string): 'allow' | 'deny' | null {
  const found = /^policy\s+default(?=\s|$)/.exec(line);
  if (found === null) return null;
  const verdict = line.slice(found[0].length).trim();
  if (verdict === 'allow' || verdict === 'deny') return verdict;
  throw new PartError(
    `the default is '${verdict.slice(0, 40)}'; expected allow or deny`,
    line.indexOf('default') + 8,
  );
}

function ruleOf(line: string, number: number, groups: PolicyGroups): PolicyRule {
  const cells = cellsOf(line);
  const [verdict, callers, actions, facts, classes, more] = cells;
  checkShape(line, cells);
  if (callers === undefined || actions === undefined || facts === undefined)
    throw new PartError('columns are missing', line.length, TAB_HINT);
  if (more !== undefined) throw new PartError('a column too many', more.offset, `columns are ${COLUMNS}`);
  return {
    verdict: verdict?.text === 'allow' ? 'allow' : 'deny',
    line: number,
    text: line,
    callers: wordsOf(callers.text).map((entry) =>
      parseCaller(entry.text, groups, callers.offset + entry.offset),
    ),
    actions: actionsOf(actions),
    facts: conditionOf(facts, 'facts'),
    classes: classes === undefined ? ALWAYS : conditionOf(classes, 'classes'),
  };
}

/** Columns between tabs; several tabs in a row separate as one does, so that files can be aligned. */
function cellsOf(line: string): Cell[] {
  return [...line.matchAll(/[^\t]+/g)]
    .map((found) => ({ text: found[0].trimEnd(), offset: found.index }))
    .filter((cell) => cell.text !== '');
}

/** Spaces where tabs belong: MCollective drops such a line with a word in the log, and what it denied is allowed. */
function checkShape(line: string, cells: readonly Cell[]): void {
  const first = cells[0]?.text ?? '';
  if (/^\s/.test(line)) throw new PartError('a line begins with allow, deny or policy', 0);
  const spaced = /^(allow|deny) +/.exec(line);
  if (spaced !== null)
    throw new PartError('spaces instead of a tab between the columns', spaced[1]?.length ?? 0, TAB_HINT);
  if (first !== 'allow' && first !== 'deny')
    throw new PartError(
      `'${first.slice(0, 40)}' is not known here; a line begins with allow, deny or policy default`,
      0,
    );
  if (cells.length >= 4) return;
  const wide = cells.find((cell) => cell.text.trim().includes(' '));
  if (wide !== undefined)
    throw new PartError(
      `only ${cells.length} of 4 columns: spaces instead of a tab?`,
      wide.offset + wide.text.search(/ /),
      TAB_HINT,
    );
  throw new PartError(`only ${cells.length} of 4 columns`, line.length, TAB_HINT);
}

function actionsOf(cell: Cell): PolicyRule['actions'] {
  const entries = wordsOf(cell.text);
  if (entries.length === 1 && entries[0]?.text === '*') return null;
  return entries.map(({ text, offset }) => {
    const column = cell.offset + offset;
    if (!word.safeParse(text).success)
      throw new PartError(`'${text}' is no name of an action`, column, "'*' stands alone");
    return { name: text, column: column + 1 };
  });
}

function conditionOf(cell: Cell, column: 'facts' | 'classes'): Expression {
  try {
    return parseCondition(cell.text, column);
  } catch (thrown) {
    if (thrown instanceof PartError)
      throw new PartError(thrown.message, cell.offset + thrown.offset, thrown.hint);
    throw thrown;
  }
}

function tooMuch(message: string): PolicyProblem {
  return { severity: 'error', line: 1, column: 1, message };
}

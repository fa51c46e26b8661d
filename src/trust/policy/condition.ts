import { ALWAYS, type Expression } from '../../core/filter/ast.ts';
import { parseFilter } from '../../core/filter/parse.ts';
import { PartError } from '../../core/filter/problem.ts';

/**
 * Reads the facts column (`facts`: the whole filter language) or the classes column (`classes`: classes only) of a policy: `*`, or a
 * compound filter, in which words one after the other must all hold. Throws PartError. Pure.
 * *Source:* MCollective's ActionPolicy and compound filters.
 */
export function parseCondition(text: string, column: 'facts' | 'classes'): Expression {
  if (text.trim() === '*') return ALWAYS;
  const condition = parseFilter(text);
  if (holdsAlways(condition))
    throw new PartError("'*' must stand alone", text.indexOf('*'), 'leave it out: the rest decides');
  if (column === 'classes' && !onlyClasses(condition))
    throw new PartError('the classes column compares only classes', 0, 'facts stand in the column before');
  return condition;
}

function holdsAlways(condition: Expression): boolean {
  return condition.kind === 'always' || partsOf(condition).some(holdsAlways);
}

function onlyClasses(condition: Expression): boolean {
  const parts = partsOf(condition);
  if (parts.length > 0) return parts.every(onlyClasses);
  return condition.kind === 'class' || condition.kind === 'classRegex';
}

function partsOf(condition: Expression): readonly Expression[] {
  if (condition.kind === 'and' || condition.kind === 'or') return condition.parts;
  return condition.kind === 'not' ? [condition.part] : [];
}

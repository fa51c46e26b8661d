import { nearest } from '../../core/nearest.ts';
import type { PolicyGroups } from './callers.ts';
import { type PolicyRule, parsePolicy } from './parse.ts';
import type { PolicyProblem } from './problem.ts';

/**
 * Everything that is wrong or doubtful in a policy, in order of lines: what the parser refuses, actions that the agent
 * does not have (`actions`: those of its DDL, null when it is unknown), lines that are never reached, regular expressions
 * that also fit other names. Pure.
 */
export function lintPolicy(
  text: string,
  known: { readonly groups: PolicyGroups; readonly actions: readonly string[] | null },
): PolicyProblem[] {
  const policy = parsePolicy(text, known.groups);
  const found = policy.rules.flatMap((rule, index) => [
    ...unknownActions(rule, known.actions),
    ...looseCallers(rule),
    ...unreachable(rule, policy.rules.slice(0, index)),
  ]);
  return [...policy.problems, ...found].sort((a, b) => a.line - b.line || a.column - b.column);
}

function unknownActions(rule: PolicyRule, known: readonly string[] | null): PolicyProblem[] {
  if (known === null || rule.actions === null) return [];
  return rule.actions
    .filter(({ name }) => !known.includes(name))
    .map(({ name, column }) => {
      const near = nearest(name, known);
      const hint = near === undefined ? `it has ${known.join(', ')}` : `did you mean '${near}'?`;
      const message = `the agent has no action '${name}'`;
      return { severity: 'error', line: rule.line, column, message, hint };
    });
}

function looseCallers(rule: PolicyRule): PolicyProblem[] {
  return rule.callers
    .filter(({ text }) => text.startsWith('/') && !/^\/\^.*\$\/$/.test(text))
    .map(({ text }) => ({
      severity: 'warning',
      line: rule.line,
      column: rule.text.indexOf(text) + 1,
      message: `${text} also fits callers whose name only contains it`,
      hint: "begin with '^cert=' and end with '$'",
    }));
}

function unreachable(rule: PolicyRule, before: readonly PolicyRule[]): PolicyProblem[] {
  const cover = before.find((earlier) => covers(earlier, rule));
  if (cover === undefined) return [];
  const message = `never reached: line ${cover.line} decides all that it is about`;
  const hint = 'the first line that fits decides: move it up or leave it out';
  return [{ severity: 'warning', line: rule.line, column: 1, message, hint }];
}

/** Does `earlier` hold whenever `later` does? Only what can be seen from the texts. */
function covers(earlier: PolicyRule, later: PolicyRule): boolean {
  if (earlier.facts.kind !== 'always' || earlier.classes.kind !== 'always') return false;
  const callers = earlier.callers.map(({ text }) => text);
  const allCallers = callers.includes('*') || later.callers.every(({ text }) => callers.includes(text));
  const actions = earlier.actions?.map(({ name }) => name);
  const allActions =
    actions === undefined || (later.actions?.every(({ name }) => actions.includes(name)) ?? false);
  return allCallers && allActions;
}

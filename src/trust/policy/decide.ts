import { allOf, type DataCall, type FilterSubject } from '../../core/filter/ast.ts';
import { evaluate, type Truth } from '../../core/filter/evaluate.ts';
import type { PolicyCaller } from './callers.ts';
import type { Policy, PolicyRule } from './parse.ts';

/** Who wants to do what, and on what node. */
export interface PolicyAttempt extends PolicyCaller, FilterSubject {
  readonly action: string;
}

/** What the policy says, and where it says it. */
export interface Decision {
  readonly verdict: 'allow' | 'deny';
  /** The line that decides; null when the file does not hold one. */
  readonly line: number | null;
  /** That line as it stands in the file. */
  readonly text: string | null;
  readonly reason: string;
}

/**
 * The first line that fits decides; then the default. A file with an error denies everything, because the line that
 * cannot be read may be the one that denies. `wants` is told what a data plug-in must answer first: until then the outcome is to deny.
 * Where a plug-in could not tell, a line that allows does not fit and one that denies does. Pure.
 */
export function decide(
  policy: Policy,
  attempt: PolicyAttempt,
  wants: (call: DataCall) => void = () => undefined,
): Decision {
  const fault = policy.problems.find(({ severity }) => severity === 'error');
  if (fault !== undefined) {
    const reason = `the policy cannot be read, so all is denied: column ${fault.column}: ${fault.message}`;
    return { verdict: 'deny', line: fault.line, text: null, reason };
  }
  for (const rule of policy.rules) {
    const missing: DataCall[] = [];
    const fit = fits(rule, attempt, (call) => missing.push(call));
    const { verdict, line, text } = rule;
    if (missing.length > 0) {
      for (const call of missing) wants(call);
      return { verdict: 'deny', line, text, reason: 'a data plug-in has not answered' };
    }
    if (fit === true) return { verdict, line, text, reason: `the first line that fits says ${verdict}` };
    if (fit === null && verdict === 'deny')
      return { verdict, line, text, reason: 'a data plug-in could not tell whether this line fits: deny' };
  }
  const { verdict, line } = policy.byDefault;
  const reason = line === null ? 'no line fits and there is no default: deny' : 'no line fits: the default';
  return { verdict, line, text: line === null ? null : `policy default ${verdict}`, reason };
}

function fits(rule: PolicyRule, attempt: PolicyAttempt, wants: (call: DataCall) => void): Truth {
  if (!rule.callers.some((caller) => caller.matches(attempt))) return false;
  if (rule.actions !== null && !rule.actions.some(({ name }) => name === attempt.action)) return false;
  return evaluate(allOf([rule.facts, rule.classes]), attempt, wants);
}

import type { PolicyCaller } from './callers.ts';
import { holds, type PolicySubject } from './holds.ts';
import type { Policy, PolicyRule } from './parse.ts';

/** Who wants to do what, and on what node. */
export interface PolicyAttempt extends PolicyCaller, PolicySubject {
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
 * cannot be read may be the one that denies. Pure.
 */
export function decide(policy: Policy, attempt: PolicyAttempt): Decision {
  const fault = policy.problems.find(({ severity }) => severity === 'error');
  if (fault !== undefined) {
    const reason = `the policy cannot be read, so all is denied: column ${fault.column}: ${fault.message}`;
    return { verdict: 'deny', line: fault.line, text: null, reason };
  }
  const rule = policy.rules.find((candidate) => fits(candidate, attempt));
  if (rule !== undefined) {
    const { verdict, line, text } = rule;
    return { verdict, line, text, reason: `the first line that fits says ${verdict}` };
  }
  const { verdict, line } = policy.byDefault;
  const reason = line === null ? 'no line fits and there is no default: deny' : 'no line fits: the default';
  return { verdict, line, text: line === null ? null : `policy default ${verdict}`, reason };
}

function fits(rule: PolicyRule, attempt: PolicyAttempt): boolean {
  if (!rule.callers.some((caller) => caller.matches(attempt))) return false;
  if (rule.actions !== null && !rule.actions.some(({ name }) => name === attempt.action)) return false;
  return holds(rule.facts, attempt) && holds(rule.classes, attempt);
}

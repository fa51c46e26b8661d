import type { Facts } from '../../core/inventory.ts';
import type { Condition } from './condition.ts';

/** What a condition is compared with. */
export interface PolicySubject {
  readonly facts: Facts;
  readonly classes: readonly string[];
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Does the condition hold for this node? A comparison with a fact that the node does not have never holds, `!=` included.
 * `<`, `<=`, `>`, `>=` compare numbers as numbers. Facts are data: nothing of them is run. Pure.
 */
export function holds(condition: Condition, node: PolicySubject): boolean {
  switch (condition.kind) {
    case 'always':
      return true;
    case 'and':
      return condition.parts.every((part) => holds(part, node));
    case 'or':
      return condition.parts.some((part) => holds(part, node));
    case 'not':
      return !holds(condition.part, node);
    case 'class':
      return node.classes.includes(condition.name);
    case 'classRegex':
      return node.classes.some(condition.matches);
    default:
      return factHolds(condition, node.facts);
  }
}

function factHolds(condition: Extract<Condition, { fact: string }>, facts: Facts): boolean {
  const value = Object.hasOwn(facts, condition.fact) ? facts[condition.fact] : undefined;
  if (value === undefined) return false;
  if (condition.kind === 'factRegex') return condition.matches(value);
  const { operator, value: wanted } = condition;
  if (operator === '=') return value === wanted;
  if (operator === '!=') return value !== wanted;
  if (!NUMBER.test(value)) return false;
  const difference = Number(value) - Number(wanted);
  if (operator === '<') return difference < 0;
  if (operator === '<=') return difference <= 0;
  return operator === '>' ? difference > 0 : difference >= 0;
}

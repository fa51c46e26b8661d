import { PartError } from '../../core/filter/problem.ts';

/** What is wrong with a policy: line and column count from 1. An `error` makes the whole file deny. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/**
 * Refuses a line with a character that nobody sees (controls but the tab, Unicode's line ends): it separates or joins
 * entries behind the reader's back. Throws PartError. Pure.
 */
export function checkVisible(line: string): void {
  const at = line.search(/(?!\t)[\p{Cc}\u2028\u2029]/u);
  if (at >= 0) throw new PartError('an invisible character', at, 'delete it');
}

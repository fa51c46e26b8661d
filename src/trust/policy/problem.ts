/** What is wrong with a policy: line and column count from 1. An `error` makes the whole file deny. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A fault found while a part of a line is read; `offset` counts characters from the beginning of that part. */
export class PartError extends Error {
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(message: string, offset: number, hint?: string) {
    super(message);
    this.name = 'PartError';
    this.offset = offset;
    this.hint = hint;
  }
}

/**
 * Refuses a line with a character that nobody sees (controls but the tab, Unicode's line ends): it separates or joins
 * entries behind the reader's back. Throws PartError. Pure.
 */
export function checkVisible(line: string): void {
  const at = line.search(/(?!\t)[\p{Cc}\u2028\u2029]/u);
  if (at >= 0) throw new PartError('an invisible character', at, 'delete it');
}

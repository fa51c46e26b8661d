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

import { ERROR_CODES } from './error-codes.ts';

/** One of the keys of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** True when `value` is a known error code, e.g. one that came over the wire. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

/**
 * The only error class. Compare by `code`, never by message or class. `details` are extra lines for a person (last
 * lines of output, a list of problems), without secrets.
 */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, more: { cause?: unknown; details?: readonly string[] } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'MusterError';
    this.code = code;
    this.details = more.details ?? [];
  }

  /** May the same thing work when it is tried again? */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** Any thrown value as a MusterError; what is not one becomes INTERNAL with the original as cause. */
export function asMusterError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MusterError('INTERNAL', message, { cause: thrown });
}

import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../../src/core/error-codes.ts';
import { asMusterError, isErrorCode, MusterError } from '../../../src/core/errors.ts';

describe('the table of error codes', () => {
  test.each(Object.entries(ERROR_CODES))(
    '%s says cause and next step, and an exit code from 1 to 3, or that of a signal',
    (code, entry) => {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
      expect(entry.cause).toMatch(/^[A-Z].*[^.]$/);
      expect(entry.next).toMatch(/^[A-Z].*[^.]$/);
      expect(code === 'INTERRUPTED' ? [130] : [1, 2, 3]).toContain(entry.exit);
    },
  );

  test('a known code is one of the table, and names that every object has are not', () => {
    expect(isErrorCode('NO_MASTER')).toBe(true);
    for (const value of ['no_master', '', 'toString', '__proto__', 7, null, undefined, {}])
      expect(isErrorCode(value)).toBe(false);
  });
});

describe('an error', () => {
  test('knows from its code whether a retry may help', () => {
    expect(new MusterError('NODE_UNREACHABLE', 'x').retryable).toBe(true);
    expect(new MusterError('CSR_MISMATCH', 'x').retryable).toBe(false);
  });

  test('carries message, details and cause', () => {
    const cause = new Error('below');
    const error = new MusterError('PUPPET_FAILED', 'the run failed', { cause, details: ['last line'] });
    expect(error).toMatchObject({
      name: 'MusterError',
      message: 'the run failed',
      details: ['last line'],
      cause,
    });
    expect(error).toBeInstanceOf(Error);
  });

  test('has no cause and no details when none were given', () => {
    const error = new MusterError('INTERNAL', 'x');
    expect('cause' in error).toBe(false);
    expect(error.details).toEqual([]);
  });
});

describe('any thrown value', () => {
  test('that is a MusterError stays the same object', () => {
    const error = new MusterError('USAGE', 'x');
    expect(asMusterError(error)).toBe(error);
  });

  test.each([
    [new TypeError('not a function'), 'not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('%s becomes INTERNAL and is kept as cause', (thrown, message) => {
    expect(asMusterError(thrown)).toMatchObject({ code: 'INTERNAL', message });
    if (thrown !== undefined) expect(asMusterError(thrown).cause).toBe(thrown);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRegex } from '../../../src/core/regex.ts';

const pieces = [
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\w',
  '\\d',
  '(a|b)',
  '(ab|)',
  '(?:a)',
  '^',
  '$',
  'a{2}',
  'b{1,2}',
];
const expression = fc
  .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom('', '*', '+', '?', '|')), { maxLength: 6 })
  .map((parts) =>
    parts.map(([one, more]) => (/[}^$]$/.test(one) && more !== '|' ? one : one + more)).join(''),
  );
const subject = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-'), maxLength: 8 });

test('finds what the regular expressions of JavaScript find', () => {
  fc.assert(
    fc.property(expression, subject, (pattern, text) => {
      expect([pattern, text, compileRegex(pattern)(text)]).toEqual([
        pattern,
        text,
        new RegExp(pattern).test(text),
      ]);
    }),
    { numRuns: 10_000 },
  );
});

test.each(['(a+)+$', '(a|a)*b', '(a|aa)+$', `${'(a|a)'.repeat(40)}b`, '(.*)*x', '(.{0,25}a){30}x'])(
  'the explosive %s takes time in proportion to the text',
  (pattern) => {
    const find = compileRegex(pattern);
    const cpuOf = (chars: number) => {
      const text = `${'a'.repeat(chars)}!`;
      const before = process.cpuUsage();
      expect(find(text)).toBe(false);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    cpuOf(1000);
    // JavaScript's own engine would take longer than the universe is old for the first two.
    expect(cpuOf(100_000)).toBeLessThan(100 * cpuOf(10_000) + 200);
  },
);

test.each([
  ['(?=a)', "invalid or unsupported Perl syntax '(?='"],
  ['(?<xa)', 'invalid named capture'],
  ['\\1', 'invalid escape sequence'],
  ['[z-a]', "invalid character class range 'z-a'"],
  ['a{1001}', "invalid repeat count '{1001}'"],
  ['((a{100}){100}){100}', 'invalid repeat count'],
  ['(', 'missing closing )'],
  [')', 'unexpected )'],
  ['[', 'missing closing ]'],
  ['*', 'missing argument to repetition operator'],
  ['a**', "invalid nested repetition operator '**'"],
  ['\\', 'trailing backslash at end of expression'],
  ['(?:abcdefgh){1000}', 'too large when its repetitions are written out'],
])('/%s/ is refused, and the error names it and says: %s', (pattern, problem) => {
  expect(() => compileRegex(pattern)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining(`regular expression /${pattern}/: ${problem}`),
    }),
  );
});

test('an expression longer than 500 characters is refused, and not repeated in full', () => {
  expect(compileRegex('a'.repeat(500))('a'.repeat(500))).toBe(true);
  expect(() => compileRegex('a'.repeat(501))).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: `regular expression /${'a'.repeat(60)}…/: longer than 500 characters`,
    }),
  );
});

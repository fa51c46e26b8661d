import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGroups } from '../../../../src/trust/policy/callers.ts';
import { decide } from '../../../../src/trust/policy/decide.ts';
import { lintPolicy } from '../../../../src/trust/policy/lint.ts';
import { parsePolicy } from '../../../../src/trust/policy/parse.ts';
import { compileRegex } from '../../../../src/trust/policy/regex.ts';

const { groups } = parseGroups('admins cert=alice\n');
const attempt = { caller: 'cert=alice', role: 'operator', action: 'ping', facts: { a: '1' }, classes: ['c'] };
const MAX_MS = 1000;

const piece = fc.constantFrom(
  ...[
    'allow',
    'deny',
    'policy default',
    '\t',
    '\n',
    ' ',
    '*',
    'cert=alice',
    'role=operator',
    'admins',
    '/^a+$/',
  ],
  ...[
    'ping',
    'a=1',
    'a<=2',
    'a=~/x/',
    'not',
    'and',
    'or',
    '(',
    ')',
    '!',
    '"',
    "'",
    '/',
    '\\',
    "f('x').y=1",
    '#',
    '\r',
  ],
);
const almostPolicy = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece }, fc.string()), { maxLength: 60 })
  .map((parts) => parts.join(''));

test('ten thousand broken policies: no crash, no long time, and an error always denies', () => {
  fc.assert(
    fc.property(fc.oneof(almostPolicy, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
      const startedMs = performance.now();
      const policy = parsePolicy(text, groups);
      const { verdict } = decide(policy, attempt);
      lintPolicy(text, { groups, actions: ['ping'] });
      parseGroups(text);
      if (policy.problems.some(({ severity }) => severity === 'error')) expect(verdict).toBe('deny');
      expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
    }),
    { numRuns: 10_000 },
  );
});

test.each([
  ['a deep condition', `allow\t*\t*\t${'('.repeat(100_000)}\t*`],
  ['a long condition', `allow\t*\t*\t${'a=1 and '.repeat(30_000)}a=1\t*`],
  ['a long negation', `allow\t*\t*\t${'!'.repeat(100_000)}a=1\t*`],
  ['a long line of quotes', `allow\t*\t*\t${'"'.repeat(200_000)}\t*`],
  ['many lines', 'allow\t*\t*\t*\t*\n'.repeat(100_000)],
])('%s ends soon', (_, text) => {
  const startedMs = performance.now();
  expect(decide(parsePolicy(text, groups), attempt).verdict).toBe('deny');
  expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
});

describe('regular expressions', () => {
  const atom = fc.constantFrom(
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
  );
  const expression = fc
    .array(fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '|')), { maxLength: 6 })
    .map((parts) =>
      parts.map(([one, more]) => (/[}^$]$/.test(one) && more !== '|' ? one : one + more)).join(''),
    );

  test('find what those of JavaScript find', () => {
    fc.assert(
      fc.property(
        expression,
        fc.string({ unit: fc.constantFrom('a', 'b', '1', '-'), maxLength: 8 }),
        (text, subject) => {
          expect([text, subject, compileRegex(text)(subject)]).toEqual([
            text,
            subject,
            new RegExp(text).test(subject),
          ]);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test.each(['(a+)+$', '(a|a)*b', '(a|aa)+$', `${'(a|a)'.repeat(40)}b`, '(.*)*x', 'a{50}{2}'])(
    'the explosive %s takes no time on a long text, or is refused',
    (text) => {
      const startedMs = performance.now();
      try {
        compileRegex(text)(`${'a'.repeat(8192)}!`);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'USAGE' });
      }
      expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
    },
  );

  test.each(['(?=a)', '(?<x>a)', '\\1', '\\b', '[z-a]', 'a{101}', '(', ')', '[', '*', 'a**', '\\'])(
    '%s is refused',
    (text) => {
      expect(() => compileRegex(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

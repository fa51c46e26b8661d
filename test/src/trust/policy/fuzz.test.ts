import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseGroups } from '../../../../src/trust/policy/callers.ts';
import { decide } from '../../../../src/trust/policy/decide.ts';
import { lintPolicy } from '../../../../src/trust/policy/lint.ts';
import { parsePolicy } from '../../../../src/trust/policy/parse.ts';

const { groups } = parseGroups('admins cert=alice\n');
const attempt = {
  identity: 'web1',
  agents: new Set<string>(),
  caller: 'cert=alice',
  role: 'operator',
  action: 'ping',
  facts: { a: '1' },
  classes: ['c'],
};
/** CPU of this thread: what else the machine does is not in it. */
const MAX_CPU_MS = 1000;

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
      const before = process.threadCpuUsage();
      const policy = parsePolicy(text, groups);
      const { verdict } = decide(policy, attempt);
      lintPolicy(text, { groups, actions: ['ping'] });
      parseGroups(text);
      if (policy.problems.some(({ severity }) => severity === 'error')) expect(verdict).toBe('deny');
      const { user, system } = process.threadCpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
    }),
    { numRuns: 10_000 },
  );
});

test.each([
  ['a deep condition', `allow\t*\t*\t${'('.repeat(100_000)}\t*`],
  ['a long condition', `allow\t*\t*\t${'a=1 and '.repeat(30_000)}a=1\t*`],
  ['a long negation', `allow\t*\t*\t${'!'.repeat(100_000)}a=1\t*`],
  ['a long line of quotes', `allow\t*\t*\t${'"'.repeat(200_000)}\t*`],
  ['a default behind many blanks', `policy default ${' '.repeat(200_000)}x`],
  ['a default that is cut in many blanks', `policy default ${' '.repeat(200_000)}\u2028x`],
  ['many lines', 'allow\t*\t*\t*\t*\n'.repeat(100_000)],
])('%s ends soon', (_, text) => {
  const before = process.threadCpuUsage();
  expect(decide(parsePolicy(text, groups), attempt).verdict).toBe('deny');
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
});

import { expect, test } from 'vitest';
import { parseGroups } from '../../../../src/trust/policy/callers.ts';
import { lintPolicy } from '../../../../src/trust/policy/lint.ts';

const { groups } = parseGroups('admins cert=alice\n');
const actions = ['ping', 'inventory', 'get_fact'];
const lint = (text: string) => lintPolicy(text.replaceAll('|', '\t'), { groups, actions });

test('a good policy has no problems', () => {
  expect(lint('# ok\npolicy default deny\nallow|admins|ping inventory|country=de|*\n')).toEqual([]);
});

test.each([
  ['allow cert=x * * *', 6, /spaces instead of a tab/, /tabs/],
  ['allow|cert=x  *  *  *', 13, /only 2 of 4 columns/, /tabs/],
  ['allow|*|*', 10, /only 3 of 4 columns/, /tabs/],
  ['permit|*|*|*|*', 1, /'permit' is not known/, null],
  ['allow|*|*|*|*|*', 15, /a column too many/, null],
  [' allow|*|*|*|*', 1, /a line begins with/, null],
  ['policy default maybe', 16, /the default is 'maybe'/, null],
  ['allow|alice|*|*|*', 7, /no group 'alice'/, /cert=alice/],
  ['allow|uid=500|*|*|*', 7, /'uid=' names nobody/, /cert=NAME/],
  ['allow|role=admin|*|*|*', 7, /no role 'admin'/, /operator/],
  ['allow|cert=x /(/|*|*|*', 14, /missing closing \)/, null],
  ['allow|*|ping * x|*|*', 14, /'\*' is no name/, null],
  ['allow|*|*|country=|*', 19, /expected .* a value, but here is the end/, null],
  ['allow|*|*|country=de and|*', 25, /expected a class.*, but here is the end/, null],
  ['allow|*|*|(country=de|*', 11, /'\(' without '\)'/, null],
  ['allow|*|*|num<abc|*', 15, /compares numbers/, null],
  ['allow|admins\r*|*|*', 13, /invisible character/, /delete it/],
  ['allow|cert=x|*|a=1\u20281|*', 19, /invisible character/, /delete it/],
  ['allow|*|*|country=~/(?=x)/|*', 20, /unsupported Perl syntax/, null],
  ["allow|*|*|puppet('x')=true|*", 11, /puppet\(\) gives several values/, /plugin doc/],
  ['allow|*|*|*|country=de', 13, /compares only classes/, /column before/],
  ['allow|*|pnig|*|*', 9, /no action 'pnig'/, /did you mean 'ping'/],
])('%s: column %i', (line, column, message, hint) => {
  const problems = lint(`policy default deny\n${line}\n`.replace(/^policy.*\n(?=policy)/, '\n'));
  expect(problems).toMatchObject([
    { severity: 'error', line: 2, column, message: expect.stringMatching(message) },
  ]);
  if (hint !== null) expect(problems[0]?.hint).toMatch(hint);
});

test('a second default is an error', () => {
  expect(lint('policy default deny\npolicy default allow\n')).toMatchObject([
    { severity: 'error', line: 2, message: expect.stringContaining('line 1') },
  ]);
});

test('what is never reached is named with the line that hides it', () => {
  const text = 'allow|cert=a|ping|*|*\ndeny|*|*|*|*\nallow|cert=b|ping|*|*\nallow|*|ping|country=de|*\n';
  expect(lint(text)).toMatchObject([
    { severity: 'warning', line: 3, message: expect.stringContaining('line 2') },
    { severity: 'warning', line: 4, message: expect.stringContaining('line 2') },
  ]);
  expect(lint('allow|cert=a|ping|country=de|*\ndeny|cert=a|ping|*|*\n')).toEqual([]);
});

test('a regular expression that fits a part of a name is pointed at', () => {
  expect(lint('allow|/bob/|*|*|*\n')).toMatchObject([{ severity: 'warning', line: 1, column: 7 }]);
  expect(lint('allow|/^cert=bob$/|*|*|*\n')).toEqual([]);
});

test('a groups file with faults names their lines', () => {
  const { problems } = parseGroups('a cert=x\na cert=y\nb other\n! cert=z\n');
  expect(problems).toMatchObject([
    { line: 2, column: 1, message: "the group 'a' is there twice" },
    { line: 3, column: 3, message: expect.stringContaining('a group holds callers') },
    { line: 4, column: 1 },
  ]);
});

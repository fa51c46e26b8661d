import { describe, expect, it } from 'vitest';
import { parseGroups } from '../../../../src/trust/policy/callers.ts';
import { decide, type PolicyAttempt } from '../../../../src/trust/policy/decide.ts';
import { parsePolicy } from '../../../../src/trust/policy/parse.ts';

const { groups } = parseGroups(
  '# people\nadmins cert=alice cert=bob\nops /^cert=op-[0-9]+$/ role=controller\n',
);
const facts = { num: '5', big: '10', country: 'de', path: '/usr/bin', quote: `"; process.exit(1); "` };

/** What a policy of these lines (columns separated by `|`) says. */
function said(lines: string, attempt: Partial<PolicyAttempt> = {}) {
  const policy = parsePolicy(lines.replaceAll('|', '\t'), groups);
  expect(policy.problems).toEqual([]);
  return decide(policy, {
    identity: 'web1',
    agents: new Set(['rpcutil']),
    caller: 'cert=alice',
    role: 'operator',
    action: 'ping',
    facts,
    classes: ['apache', 'mysql::server'],
    ...attempt,
  });
}
const verdict = (lines: string, attempt?: Partial<PolicyAttempt>) => said(lines, attempt).verdict;

describe('the faults of ActionPolicy are not here', () => {
  it('a caller whose name only contains that of the line is another caller', () => {
    for (const caller of ['cert=alice2', 'cert=malice', 'cert=alic', 'xcert=alice', 'cert=Alice'])
      expect(verdict('allow|cert=alice|*|*|*', { caller })).toBe('deny');
    expect(verdict('allow|cert=alice|*|*|*')).toBe('allow');
  });

  it.each([
    ['num<=5', 'allow'],
    ['num>=5', 'allow'],
    ['num<=4', 'deny'],
    ['num>=6', 'deny'],
    ['num<6', 'allow'],
    ['num>4', 'allow'],
    ['num>5', 'deny'],
    ['big>9', 'allow'],
    ['big<9', 'deny'],
  ])('numbers are compared as numbers: %s', (condition, expected) => {
    expect(verdict(`allow|*|*|${condition}|*`)).toBe(expected);
  });

  it('the value of a fact is never code', () => {
    expect(verdict(`allow|*|*|quote='x' or country=de|*`)).toBe('allow');
    expect(verdict(`allow|*|*|quote=~/exit/|*`)).toBe('allow');
    expect(verdict('allow|*|*|constructor=x|*')).toBe('deny');
  });

  it('spaces for tabs do not make a line vanish: the whole file denies, and says where', () => {
    const policy = parsePolicy('policy default allow\ndeny cert=eve * * *\n', groups);
    expect(policy.problems).toMatchObject([{ severity: 'error', line: 2, column: 5 }]);
    expect(
      decide(policy, {
        identity: 'web1',
        agents: new Set(),
        caller: 'cert=x',
        role: 'operator',
        action: 'a',
        facts,
        classes: [],
      }),
    ).toMatchObject({
      verdict: 'deny',
      line: 2,
      reason: expect.stringContaining('spaces instead of a tab'),
    });
  });

  it('an action named like a method of objects is just a name', () => {
    for (const action of ['constructor', '__proto__', 'toString'])
      expect(verdict('allow|*|ping inventory|*|*', { action })).toBe('deny');
  });
});

describe('a policy', () => {
  it('denies when nothing is said, and says that', () => {
    expect(said('')).toMatchObject({ verdict: 'deny', line: null });
    expect(said('# only a comment\n\n')).toMatchObject({ verdict: 'deny', line: null });
  });

  it('lets the first line that fits decide, then the default', () => {
    const text = 'policy default allow\ndeny|cert=alice|ping|*|*\nallow|cert=alice|*|*|*\ndeny|*|stop|*|*\n';
    expect(said(text)).toMatchObject({ verdict: 'deny', line: 2, text: 'deny\tcert=alice\tping\t*\t*' });
    expect(said(text, { action: 'stop' })).toMatchObject({ verdict: 'allow', line: 3 });
    expect(said(text, { caller: 'cert=bob' })).toMatchObject({ verdict: 'allow', line: 1 });
  });

  it('reads several tabs as one, Windows line ends, and files without the classes column', () => {
    expect(verdict('allow||*||||ping||*|*\r\n')).toBe('allow');
    expect(verdict('allow|*|ping|country=de apache')).toBe('allow');
  });

  it.each([
    ['admins', { caller: 'cert=bob' }, 'allow'],
    ['admins', { caller: 'cert=bo' }, 'deny'],
    ['ops', { caller: 'cert=op-12' }, 'allow'],
    ['ops', { caller: 'cert=op-12x' }, 'deny'],
    ['ops', { caller: 'cert=ctl', role: 'controller' }, 'allow'],
    ['cert=carol cert=alice', {}, 'allow'],
    ['/^cert=al/', {}, 'allow'],
    ['/^cert=[bc].*$/', {}, 'deny'],
    ['role=operator', {}, 'allow'],
    ['role=controller', {}, 'deny'],
    ['role=operator', { caller: 'cert=role=operator', role: 'node' }, 'deny'],
  ])('callers %s of %o: %s', (callers, attempt, expected) => {
    expect(verdict(`allow|${callers}|*|*|*`, attempt)).toBe(expected);
  });

  it.each([
    ['country=de', '*', 'allow'],
    ['country==de num=5', '*', 'allow'],
    ['country=de num=6', '*', 'deny'],
    ['country=us or num=5', '*', 'allow'],
    ['not country=us and (num=6 or big=10)', '*', 'allow'],
    ['!country=de', '*', 'deny'],
    ['country!=us', '*', 'allow'],
    ['missing!=us', '*', 'deny'],
    ['country=~/^d/', '*', 'allow'],
    ['country=/^d/', '*', 'allow'],
    ['path=/usr/bin', '*', 'allow'],
    ['apache and country=de', '*', 'allow'],
    ['nginx or /^mysql::/', '*', 'allow'],
    ['*', 'apache mysql::server', 'allow'],
    ['*', 'apache nginx', 'deny'],
    ['*', '/ngin/ or not (nginx)', 'allow'],
    ['country=us', 'apache', 'deny'],
  ])('facts %s, classes %s: %s', (condition, classes, expected) => {
    expect(verdict(`allow|*|*|${condition}|${classes}`)).toBe(expected);
  });

  it('compares a fact that is no number with none', () => {
    expect(verdict('allow|*|*|country<5 or country>=5|*')).toBe('deny');
  });
});

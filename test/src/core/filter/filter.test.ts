import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateGrammar } from '../../../../infra/grammar.ts';
import type { DataCall } from '../../../../src/core/filter/ast.ts';
import { compileFilter } from '../../../../src/core/filter/compile.ts';
import { describeFilter } from '../../../../src/core/filter/describe.ts';
import { dataCalls, evaluate, settle } from '../../../../src/core/filter/evaluate.ts';
import { parseFilter } from '../../../../src/core/filter/parse.ts';
import { filterOfTexts } from '../../../../src/core/filter/texts.ts';
import { Filter } from '../../../../src/core/messages.ts';

const node = {
  identity: 'web1.example.org',
  facts: { country: 'de', num: '10', 'os.family': 'Debian', roles: '["db","web"]', empty: '', path: '/a=b' },
  classes: ['apache', 'mysql::server'],
  agents: new Set(['rpcutil', 'package']),
};
const holds = (text: string) => evaluate(parseFilter(text), node);

/** What is wrong with a filter, and the column. */
function fault(text: string): string {
  try {
    parseFilter(text);
    return 'none';
  } catch (thrown) {
    const { offset, message } = thrown as { offset: number; message: string };
    return `${offset}: ${message}`;
  }
}

describe('a compound filter', () => {
  it.each([
    ['apache', true],
    ['nginx', false],
    ['apache and country=de', true],
    ['apache country=fr', false],
    ['(apache and !country=uk) or nginx', true],
    ['not (apache or nginx)', false],
    ['!!apache', true],
    ['/^mysql/', true],
    ['num>9', true],
    ['num>=10', true],
    ['num<=9', false],
    ['num<2', false],
    ['os.family=Debian', true],
    ['country=/^d/', true],
    ['country=~/^d/', true],
    ['country=~e$', true],
    ['country!~/^d/', false],
    ['country!=fr', true],
    ['nosuch!=fr', false],
    ['not nosuch=fr', true],
    ["country='de'", true],
    ['path=/a=b', true],
    ['constructor=x or __proto__=x', false],
  ])("in MCollective's spelling: %s", (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  it.each([
    ["with('apache') && with('package')", true],
    ["with('country=de')", true],
    ["with('/^my/') and !with('nginx')", true],
    ["fact('os.family') == 'Debian' || fact('num') > 100", true],
    ["fact('country').value=de", true],
    ["fact('country') matches '^d'", true],
    ["fact('country') startsWith 'e'", false],
    ["fact('country') endsWith 'e'", true],
    ["fact('os.family') contains 'bia'", true],
    ["include(fact('roles'), 'db')", true],
    ["'apache' in classes and 'nosuch' in agents", false],
    ["fact('num')", true],
    ["fact('empty') or fact('nosuch')", false],
  ])("in Choria's spelling: %s", (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  it.each([
    ['', '0: the filter is empty'],
    [
      'country=',
      '8: expected a regular expression between slashes, text in quotes, a value, but here is the end',
    ],
    ['(country=de', "0: '(' without ')'"],
    ["x='unclosed", '2: a quote is not closed'],
    ['num<abc', "4: '<' compares numbers, and 'abc' is none"],
    [
      'country=~/(?=x)/',
      "9: regular expression /(?=x)/: invalid or unsupported Perl syntax '(?='; look-around and back references are not known here",
    ],
    ['a b=/y z/', "7: 'z/' is no class"],
    ["puppet('x')=1", '0: puppet() gives several values'],
    ['web*', "0: 'web*' is no class"],
    ['a<=/x/', "0: '<=' compares no regular expression"],
  ])('that cannot be read says where and why: %s', (text, expected) => {
    expect(fault(text)).toBe(expected);
  });

  it('says what stands at the wrong place', () => {
    expect(fault('a and or b')).toMatch(/^6: expected a class, .* but here is 'or'$/);
    expect(fault('a=b)')).toMatch(/^3: .* but here is '\)'$/);
  });

  it('is refused when it is too long or too deep, before the parser sees it', () => {
    expect(fault('a '.repeat(3000))).toMatch(/longer than 4096/);
    expect(fault(`${'('.repeat(2000)}a`)).toMatch(/^50: more than 50 parentheses/);
    expect(holds(`${'!'.repeat(4000)}apache`)).toBe(true);
  });

  it('is shown with a caret under the place', () => {
    const filter = Filter.parse({ compound: ['apache and (num<x)'] });
    expect(() => compileFilter(filter)).toThrow(
      expect.objectContaining({ code: 'USAGE', details: ['apache and (num<x)', `${' '.repeat(16)}^`] }),
    );
  });

  it('is described in words', () => {
    expect(describeFilter(parseFilter("a and not puppet().enabled=true or fstat('/x').md5=~/^0/"))).toEqual([
      'one of',
      '   all of',
      '      has the class a',
      '      not: enabled of the data plug-in puppet() = true',
      "   md5 of the data plug-in fstat('/x') matches /^0/",
    ]);
  });
});

describe('data functions', () => {
  const asked: string[] = [];
  const answers: Record<string, string | number | boolean | null> = { enabled: true, size: 12, broken: null };
  const ask = async ({ name, field }: DataCall) => {
    asked.push(`${name}.${field}`);
    return answers[field] ?? null;
  };
  const settled = async (text: string) => {
    asked.length = 0;
    return settle(parseFilter(text), node, ask);
  };

  it('are asked, and compared as facts are', async () => {
    expect(await settled('puppet().enabled=true')).toBe(true);
    expect(await settled("fstat('/etc/hosts').size>10 and fstat('/etc/hosts').size<=12")).toBe(true);
    expect(asked).toEqual(['fstat.size']);
    expect(await settled('puppet().enabled')).toBe(true);
  });

  it('are not asked where the rest decides, wherever it stands', async () => {
    expect(await settled('puppet().enabled=true or apache')).toBe(true);
    expect(await settled('puppet().enabled=true and nginx')).toBe(false);
    expect(asked).toEqual([]);
    expect(await settled('(puppet().enabled=false or nginx) and x().broken=1')).toBe(false);
    expect(asked).toEqual(['puppet.enabled']);
  });

  it('that cannot tell leave it open, and so does their negation', async () => {
    expect(await settled('x().broken=1')).toBe(null);
    expect(await settled('not x().broken=1')).toBe(null);
    expect(await settled('x().broken=1 or apache')).toBe(true);
  });

  it('are known without being asked', () => {
    const filter = parseFilter("apache and (provision().locked=false or not a('b').c)");
    expect(dataCalls(filter).map(({ name, query, field }) => [name, query, field])).toEqual([
      ['provision', null, 'locked'],
      ['a', 'b', 'c'],
    ]);
  });
});

describe('filters as they are typed', () => {
  const typed = (texts: Parameters<typeof filterOfTexts>[0]) =>
    evaluate(compileFilter(Filter.parse(filterOfTexts(texts))), node);

  it('hold all, with operators and regular expressions', () => {
    expect(typed({ fact: ['country=de', 'num>=10', 'os.family=/deb|Deb/'] })).toBe(true);
    expect(typed({ fact: ['country!=de'] })).toBe(false);
    expect(typed({ with: ['apache country=de num<11'], class: ['/sql/'], agent: ['/^pack/'] })).toBe(true);
    expect(typed({ with: ['nginx country=de'] })).toBe(false);
  });

  it('take any one of several names', () => {
    expect(typed({ identity: ['web2', '/^web1\\./'] })).toBe(true);
    expect(typed({ identity: ['web2'] })).toBe(false);
  });

  it('that compare nothing are refused', () => {
    expect(() => typed({ fact: ['country'] })).toThrow(/'country' compares no fact/);
    expect(() => typed({ fact: ['num<x'] })).toThrow(/compares numbers/);
  });
});

it('the parser is the one that the grammar gives', () => {
  const url = new URL('../../../../src/core/filter/grammar.js', import.meta.url);
  expect(readFileSync(url, 'utf8')).toBe(generateGrammar());
});

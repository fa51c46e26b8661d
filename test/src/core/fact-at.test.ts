import { expect, test } from 'vitest';
import { factAt } from '../../../src/core/fact-at.ts';

const facts = {
  'os.release.major': '12',
  'os.family': 'Debian',
  osfamily: 'Debian',
  'net.a': 'x',
  'net.a.b': 'y',
  'odd.__proto__.x': 'z',
  list: '["a"]',
};

test.each([
  ['os.family', 'Debian'],
  ['os', '{"family":"Debian","release":{"major":"12"}}'],
  ['os.release', '{"major":"12"}'],
  ['net', '{"a":"x","a.b":"y"}'],
  ['odd', '{"__proto__":{"x":"z"}}'],
  ['list', '["a"]'],
  ['nosuch', null],
  ['os.fam', null],
  ['constructor', null],
])('%s is %s', (name, value) => {
  expect(factAt(facts, name)).toBe(value);
});

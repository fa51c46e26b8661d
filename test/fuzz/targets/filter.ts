import type { DataCall, FilterSubject } from '../../../src/core/filter/ast.ts';
import { compileFilter } from '../../../src/core/filter/compile.ts';
import { describeFilter } from '../../../src/core/filter/describe.ts';
import { evaluate } from '../../../src/core/filter/evaluate.ts';
import { Filter } from '../../../src/core/messages.ts';
import type { FuzzTarget } from '../target.ts';

const node: FilterSubject = {
  identity: 'web1.example.org',
  facts: { country: 'de', cores: '8', 'os.family': 'Debian', roles: '["db","web"]' },
  classes: ['apache', 'mysql::server'],
  agents: new Set(['rpcutil', 'package']),
};
const texts = [
  "(apache and !country=uk) or /^my/ fstat('/etc/hosts').md5=~/^0a/",
  "with('web') && fact('os.family') == 'Debian' || include(fact('roles'), 'db') and not puppet().enabled",
  "cores>=8 cores<16 'apache' in classes and country matches '^d'",
];

/** A compound filter, and what it says of a node: the same twice, and the opposite when it is negated. */
const filter: FuzzTarget = {
  name: 'filter',
  genuine: texts.map((text) => Buffer.from(text)),
  words: [
    'and ',
    'or ',
    'not ',
    '!',
    '(',
    ')',
    '=~',
    '<=',
    '/a+/',
    "'",
    '"',
    'fact(',
    "f('x').y",
    '&&',
    '||',
    'in ',
  ],
  read(input) {
    const compound = [input.toString().slice(0, 4096)];
    const expression = compileFilter(Filter.parse({ compound }));
    const wanted: DataCall[] = [];
    const truth = evaluate(expression, node, (call) => wanted.push(call));
    const opposite = evaluate({ kind: 'not', part: expression }, node);
    describeFilter(expression);
    const consistent = truth === null ? opposite === null && wanted.length > 0 : opposite === !truth;
    return { consistent, again: evaluate(expression, node) === truth };
  },
  // Whatever can be read means something; nothing is let through by it that the policy would not let through.
  harmless: (_, result) => JSON.stringify(result) === '{"consistent":true,"again":true}',
};
export default filter;

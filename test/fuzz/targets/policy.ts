import { MusterError } from '../../../src/core/errors.ts';
import { parseGroups } from '../../../src/trust/policy/callers.ts';
import { decide } from '../../../src/trust/policy/decide.ts';
import { lintPolicy } from '../../../src/trust/policy/lint.ts';
import { parsePolicy } from '../../../src/trust/policy/parse.ts';
import type { FuzzTarget } from '../target.ts';

const { groups } = parseGroups('admins cert=alice role=controller\n');
const mallory = {
  identity: 'web1',
  agents: new Set<string>(),
  caller: 'cert=mallory',
  role: 'master',
  facts: { country: 'de' },
  classes: ['web'],
};
const policies = [
  'policy default deny\nallow\tcert=alice\tping echo\tcountry=de and not (env=prod or cores<=2)\tweb\n',
  '# who may look\nallow\tadmins\t*\t*\t*\ndeny\t/^cert=ma/\t*\tcountry=~/^d/\t/we?b/ or db\npolicy default deny\n',
];
/** What a line must hold to let her in. An honest one: a wider caller, a group, or her own name. */
const OPEN = /^allow\t[^\n]*(\*|\/|mallory|master)|^policy\s+default\s+allow/m;

/** A policy file, and whether a caller whom it does not name gets in. */
const policy: FuzzTarget = {
  name: 'policy',
  genuine: policies.map((text) => Buffer.from(text)),
  words: [
    'allow\t',
    'deny\t',
    'policy default allow',
    '\t*',
    '\n',
    'not',
    'and',
    '(',
    ')',
    '!',
    '=~/a+/',
    '/',
  ],
  read(input) {
    const text = input.toString();
    parseGroups(text);
    lintPolicy(text, { groups, actions: ['ping'] });
    const read = parsePolicy(text, groups);
    const broken = read.problems.some(({ severity }) => severity === 'error');
    const { verdict } = decide(read, { ...mallory, action: 'ping' });
    if (verdict === 'allow') return { broken };
    if (!policies.includes(text)) throw new MusterError('RPC_DENIED', broken ? 'BROKEN: ' : 'DENIED: ');
    return null;
  },
  harmless: (input, result) => JSON.stringify(result) === '{"broken":false}' && OPEN.test(input.toString()),
};
export default policy;

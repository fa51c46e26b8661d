import { describe, expect, it } from 'vitest';
import { nodeGrant } from '../../../src/bus/permissions.ts';
import { compileFilter } from '../../../src/core/filter/compile.ts';
import { evaluate } from '../../../src/core/filter/evaluate.ts';
import { Filter } from '../../../src/core/messages.ts';

const node = {
  identity: 'web1',
  agents: new Set(['rpcutil', 'puppetca']),
  classes: [],
  facts: { country: 'de', region: 'eu' },
};
const matches = (filter: object) => evaluate(compileFilter(Filter.parse(filter)), node);

describe('a filter', () => {
  it('that is empty means everybody', () => {
    expect(matches({})).toBe(true);
  });

  it('takes any one of several identities, whole', () => {
    expect(matches({ identity: ['web2', 'web1'] })).toBe(true);
    expect(matches({ identity: ['web'] })).toBe(false);
    expect(matches({ identity: ['web11'] })).toBe(false);
  });

  it('wants every agent and every fact', () => {
    expect(matches({ agent: ['rpcutil', 'puppetca'] })).toBe(true);
    expect(matches({ agent: ['rpcutil', 'provision'] })).toBe(false);
    const country = { fact: 'country', value: 'de' };
    expect(matches({ fact: [country, { fact: 'region', value: 'eu' }] })).toBe(true);
    expect(matches({ fact: [country, { fact: 'region', value: 'us' }] })).toBe(false);
  });

  it('wants all kinds at once', () => {
    expect(matches({ identity: ['web1'], agent: ['provision'] })).toBe(false);
  });

  it('does not find facts that every object has', () => {
    expect(matches({ fact: [{ fact: 'constructor', value: 'x' }] })).toBe(false);
    expect(matches({ fact: [{ fact: '__proto__', value: '[object Object]' }] })).toBe(false);
  });
});

describe('the permissions of a node', () => {
  it('hold its name alone, although a dot means anything in an expression', () => {
    const [request, reply, event] = nodeGrant('web1.example.org', ['provisioning']).topics;
    const allows = (pattern: string | undefined, key: string) => new RegExp(pattern ?? '^$').test(key);
    expect(allows(request?.read, 'node.web1.example.org')).toBe(true);
    expect(allows(request?.read, 'node.web1xexample.org')).toBe(false);
    expect(allows(request?.read, 'nodexweb1.example.org')).toBe(false);
    expect(allows(reply?.write, 'op.ctl.0123456789abcdef.web1.example.org')).toBe(true);
    expect(allows(reply?.write, 'op.ctl.0123456789abcdef.web1-example.org')).toBe(false);
    expect(allows(event?.write, 'web1.example.org')).toBe(true);
    expect(allows(event?.write, 'web1.example.org2')).toBe(false);
  });
});

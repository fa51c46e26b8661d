import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokerNames, identityName, word } from '../../../src/core/names.ts';

describe('a word', () => {
  test.each(['lock', 'set_puppet_hostname', 'mcollective', 'a', 'eu-west-1', `a${'b'.repeat(62)}`])(
    '%s is one',
    (text) => {
      expect(word.safeParse(text).success).toBe(true);
    },
  );

  test.each(['', 'Lock', '1st', '_x', '-x', 'a.b', 'a b', 'a/b', 'a#b', 'a\n', 'é', `a${'b'.repeat(63)}`])(
    '%j is none',
    (text) => {
      expect(word.safeParse(text).success).toBe(false);
    },
  );
});

describe('an identity', () => {
  test.each(['i-0123456789abcdef0', 'web1.example.org', 'a', '1', 'a_b'])('%s is one', (text) => {
    expect(identityName.safeParse(text).success).toBe(true);
  });

  test.each(['', '.', 'a.', '-a', 'a-', 'Web1', 'a b', '../etc', 'a/b', 'a*b', 'a#', 'a\n', 'a'.repeat(254)])(
    '%j is none',
    (text) => {
      expect(identityName.safeParse(text).success).toBe(false);
    },
  );

  test('never holds what means something in a path or a pattern of the broker', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
        if (identityName.safeParse(text).success) expect(text).toMatch(/^[a-z0-9._-]+$/);
      }),
    );
  });
});

describe('names on the broker', () => {
  test('requests and replies of each collective have an exchange of their own', () => {
    expect(brokerNames.requestExchange('production')).toBe('production.request');
    expect(brokerNames.replyExchange('production')).toBe('production.reply');
  });

  test('a caller hears all replies of its session, whichever node they come from, and no others', () => {
    expect(brokerNames.replyKey('alice', '0123456789abcdef', 'web1.example.org')).toBe(
      'op.alice.0123456789abcdef.web1.example.org',
    );
    expect(brokerNames.replyPattern('alice', '0123456789abcdef')).toBe('op.alice.0123456789abcdef.#');
  });

  test('a node hears what is for it, and an unprovisioned one its inbox', () => {
    expect(brokerNames.nodeKey('web1.example.org')).toBe('node.web1.example.org');
    expect(brokerNames.inboxKey('ab12')).toBe('inbox.ab12');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MusterError } from '../../../src/core/errors.ts';
import { maskRecipient, parseRecipient } from '../../../src/core/recipient.ts';

describe('a recipient as it is printed', () => {
  test.each([
    [
      'mailto:a@example.org,b@example.org?cc=c@example.org',
      'mailto:a@example.org,b@example.org?cc=c@example.org',
    ],
    ['xmpp:ops@rooms.example.org?join', 'xmpp:ops@rooms.example.org?join'],
    ['stdout:', 'stdout:'],
    ['xmpp:ops@rooms.example.org?join;password=cicero', 'xmpp:ops@rooms.example.org?join;password=***'],
    ['https://user:pw@host/x', 'https://user:***@host/x'],
    ['https://user:p@w@host/x', 'https://user:***@host/x'],
    ['https://user:p/w@host/x', 'https://user:***@host/x'],
    ['slack://xoxb-a-token@channel', 'slack://***@channel'],
    ['webhook:https://user:pw@host/', 'webhook:https://user:***@host/'],
    ['https://host/x?api_key=1&room=2', 'https://host/x?api_key=***&room=2'],
    ['https://host/x?t=0123456789abcdef0', 'https://host/x?t=***'],
    ['https://host/services/T000/B000/abcdefghij0123456789', 'https://host/services/T000/B000/***'],
    ['https://host/x#abcdefghij0123456789', 'https://host/x#***'],
    ['no url, password=x', 'no url, password=x'],
    ['', ''],
  ])('%s is %s', (url, printed) => {
    expect(maskRecipient(url)).toBe(printed);
  });

  test('never holds the password that stood before the @', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9%!$&()*+,;=:/@-]{3,20}$/).map((text) => `Zq${text}qZ`);
    fc.assert(
      fc.property(secret, fc.constantFrom('https://', 'webhook:https://', 'slack://'), (password, scheme) => {
        expect(maskRecipient(`${scheme}user:${password}@host.example.org/path`)).not.toContain(password);
      }),
    );
  });

  test('printed twice is the same', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        expect(maskRecipient(maskRecipient(url))).toBe(maskRecipient(url));
      }),
    );
  });
});

describe('a recipient as it is read', () => {
  test('is a URL whose scheme names the notifier', () => {
    expect(parseRecipient('mailto:a@example.org').protocol).toBe('mailto:');
    expect(parseRecipient('stdout:').href).toBe('stdout:');
  });

  test.each([
    'oncall@example.org',
    '',
    'mailto',
    ' mailto:a@b',
    'mailto:a b@c',
    '//host',
    'https://',
    '1x:y',
  ])('%j is CONFIG_INVALID, which says what was expected', (text) => {
    const thrown = thrownBy(() => parseRecipient(text));
    expect(thrown.code).toBe('CONFIG_INVALID');
    expect(thrown.message).toContain(`'${text}'`);
    expect(thrown.message).toContain('mailto:oncall@example.org');
  });

  test('a password in what could not be read is not told', () => {
    expect(thrownBy(() => parseRecipient('https://user:geh/eim@host:port/')).message).not.toContain('eim');
  });
});

function thrownBy(work: () => unknown): MusterError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof MusterError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mailAddresses } from '../../notifiers/lib/mail-address.ts';
import { mailMessage } from '../../notifiers/lib/mail-message.ts';
import mailto from '../../notifiers/mailto.ts';
import { notifierConformance, sampleNotice } from '../conformance/notifier.ts';
import { freePort, silentServer } from './services.ts';

notifierConformance(mailto, {
  file: fileURLToPath(new URL('../../notifiers/mailto.ts', import.meta.url)),
  validRecipient: 'mailto:oncall@example.org',
  invalidRecipients: [
    'mailto:',
    'mailto:oncall',
    'mailto:a@example.org,',
    'mailto:a@example.org?subject=hello',
    'mailto:a@example.org?cc=',
    'mailto:a@example.org?cc',
    'mailto:a%0d%0aBcc:b@example.org',
    'mailto:a%@example.org',
    'mailto:a@example.org#b',
  ],
  secretRecipient: { url: 'mailto:user:geheim@example.org', secret: 'geheim' },
  async silentService() {
    const { port, stop } = await silentServer();
    return { options: mailto.options.parse({ host: '127.0.0.1', port }), stop };
  },
  deadService: async () => mailto.options.parse({ host: '127.0.0.1', port: await freePort() }),
});

describe('addresses of a mailto URL', () => {
  test('several recipients, copies and blind copies are read', () => {
    const url = new URL(
      'mailto:a@example.org,b%2Bx@example.org?cc=c@example.org,d+y@example.org&bcc=e@example.org',
    );
    expect(mailAddresses(url)).toEqual({
      to: ['a@example.org', 'b+x@example.org'],
      cc: ['c@example.org', 'd+y@example.org'],
      bcc: ['e@example.org'],
    });
  });
});

describe('a notice as a mail', () => {
  const to = { to: ['a@example.org'], cc: [], bcc: [] };
  const mail = (changes = {}) => mailMessage(sampleNotice(changes), to, 'Muster <muster@example.org>');

  test('the same notice has the same Message-ID whenever it is sent', () => {
    expect(mail().messageId).toBe('<notice-i-0123456789abcdef0.1-provisioned@example.org>');
    expect(mail({ body: 'other' }).messageId).toBe(mail().messageId);
  });

  test('an id that a Message-ID cannot hold is replaced by its hash', () => {
    expect(mail({ id: 'a b>\r\nBcc: x' }).messageId).toMatch(/^<notice-[0-9a-f]{32}@example\.org>$/);
  });

  test('all mails of a run refer to one id', () => {
    expect(mail({ id: 'other' }).references).toBe(mail().references);
    expect(mail({ runId: 'other' }).references).not.toBe(mail().references);
  });

  test('a line break in the subject cannot make a header', () => {
    expect(mail({ subject: 'New node\r\nBcc: x@example.org' }).subject).toBe('New node Bcc: x@example.org');
  });

  test('what is wrong is marked as urgent, what is right is not', () => {
    expect(mail({ level: 'failure' }).priority).toBe('high');
    expect(mail({ level: 'info' }).priority).toBeUndefined();
  });
});

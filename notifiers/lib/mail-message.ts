import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import type { Notice } from '../../src/core/notifier.ts';
import type { MailAddresses } from './mail-address.ts';
import { plainLine, plainText } from './text.ts';

/**
 * One notice as one mail in plain text. The Message-ID comes from the notice's id, so that a mail that is sent again is
 * known as a copy; all mails of a run refer to one id, so that they are shown as one thread. Pure.
 * *Source:* RFC 5322 (ids, threads), RFC 3834 (Auto-Submitted: no out-of-office answers).
 */
export function mailMessage(notice: Notice, addresses: MailAddresses, from: string): SendMailOptions {
  const host = /@([^>\s]+)/.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    to: [...addresses.to],
    cc: [...addresses.cc],
    bcc: [...addresses.bcc],
    subject: plainLine(notice.subject),
    text: mailText(notice),
    date: new Date(notice.sentAtMs),
    messageId: `<notice-${idPart(notice.id)}@${host}>`,
    references: `<run-${idPart(notice.runId)}@${host}>`,
    ...(notice.level === 'info' ? {} : { priority: 'high' as const }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Muster-Run': plainLine(notice.runId),
      'X-Muster-Level': notice.level,
    },
    // A notice is text from outside: nothing in it may name a file or a URL to attach.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function mailText(notice: Notice): string {
  return [
    plainText(notice.body).trimEnd(),
    '',
    '-- ',
    `Node  ${plainLine(notice.identity)}`,
    `Run   ${plainLine(notice.runId)}`,
    `Time  ${new Date(notice.sentAtMs).toISOString()}`,
    '',
  ].join('\n');
}

/** An id may hold what a Message-ID may not; then its hash stands for it. */
function idPart(id: string): string {
  return /^[\w-]+(\.[\w-]+)*$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 32);
}

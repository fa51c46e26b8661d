import { createHash } from 'node:crypto';

/** Names a recipient in job data, where its URL must not stand: 16 hex digits, the same as long as the URL is. Pure. */
export function recipientKey(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

import { createHash } from 'node:crypto';

/** A recipient's URL as it may be logged: no password, no path, no query values; an address such as mailto's stays. Pure. */
export function maskRecipient(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '(no URL)';
  const user = parsed.username === '' ? '' : `${parsed.username}${parsed.password === '' ? '' : ':***'}@`;
  const query = parsed.search === '' ? '' : '?***';
  if (!url.includes('://')) return `${parsed.protocol}${parsed.pathname}${query}`;
  return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname.length > 1 ? '/***' : ''}${query}`;
}

/** Names a recipient in job data, where its URL must not stand: 16 hex digits, the same as long as the URL is. Pure. */
export function recipientKey(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

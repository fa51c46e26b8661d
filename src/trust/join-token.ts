import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** The options of an attestor that say which join token a group has. */
export const joinTokenOptions = {
  token: z.string().min(16).max(512).optional().describe('Join token of the group'),
  token_sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, '64 hex digits in lower case')
    .optional()
    .describe('SHA-256, hex, of the join token, so that the config does not hold it'),
};

/** Is it the token of the group? In constant time; false where the group has none. */
export function isJoinToken(
  token: string,
  options: { readonly token?: string | undefined; readonly token_sha256?: string | undefined },
): boolean {
  const sha256 = (text: string) => createHash('sha256').update(text).digest();
  const expected =
    options.token === undefined ? Buffer.from(options.token_sha256 ?? '', 'hex') : sha256(options.token);
  return expected.length === 32 && timingSafeEqual(sha256(token), expected);
}

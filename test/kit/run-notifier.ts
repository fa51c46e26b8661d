import { z } from 'zod';
import type { Notice, Notifier } from '../../src/core/notifier.ts';

/** A notifier that keeps what it is given; `send` may be replaced to fail. */
export function fakeNotifier(
  name: string,
  more: { perMinute?: number; send?: (notice: Notice) => Promise<void> } = {},
): Notifier & { readonly sent: { notice: Notice; recipient: string }[] } {
  const sent: { notice: Notice; recipient: string }[] = [];
  return {
    ...{ name, summary: 'Keeps notices', options: z.strictObject({}), sent },
    limits: { subjectChars: 60, bodyChars: 4000, perMinute: more.perMinute ?? 600 },
    check: () => undefined,
    async send(notice, recipient) {
      await more.send?.(notice);
      sent.push({ notice, recipient: recipient.href });
    },
  };
}

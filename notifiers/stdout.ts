import { z } from 'zod';
import { MusterError } from '../src/core/errors.ts';
import { defineNotifier, type Notice } from '../src/core/notifier.ts';
import { maskRecipient } from '../src/core/recipient.ts';
import { plainLine, plainText } from './lib/text.ts';

/**
 * Prints one block a notice to standard output: for trying things out, and for whoever reads the output of the
 * service. Recipient `stdout:`. Throws NOTIFY_UNREACHABLE when nobody reads any more.
 * *Source:* angelia's stdout plug-in.
 */
export default defineNotifier({
  name: 'stdout',
  summary: 'Print notices to standard output',
  options: z.strictObject({}),
  limits: { subjectChars: 200, bodyChars: 20_000, perMinute: 600 },
  check(recipient) {
    if (recipient.protocol !== 'stdout:' || recipient.href !== 'stdout:') {
      throw new MusterError(
        'CONFIG_INVALID',
        `recipient '${maskRecipient(recipient.href)}': expected 'stdout:' and nothing behind it`,
      );
    }
  },
  async send(notice, _recipient, _options, { signal }) {
    if (signal.aborted)
      throw new MusterError('NOTIFY_UNREACHABLE', 'given up before it was printed', { cause: signal.reason });
    await print(block(notice), signal);
  },
});

/** `2026-01-02T03:04:05.000Z FAILURE subject`, then the body, indented, then who and which run. */
function block(notice: Notice): string {
  const body = plainText(notice.body)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
  const head = `${new Date(notice.sentAtMs).toISOString()} ${notice.level.toUpperCase()} ${plainLine(notice.subject)}`;
  return [head, ...body, `  (${plainLine(notice.identity)}, run ${plainLine(notice.runId)})`, '', ''].join(
    '\n',
  );
}

function print(text: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause: unknown) =>
    reject(new MusterError('NOTIFY_UNREACHABLE', 'standard output does not take it', { cause }));
  const aborted = () => fail(signal.reason);
  // Without a listener of our own, a closed pipe would end the process.
  process.stdout.once('error', fail);
  signal.addEventListener('abort', aborted);
  process.stdout.write(text, (error) => (error ? fail(error) : resolve()));
  return promise.finally(() => {
    signal.removeEventListener('abort', aborted);
    // The stream tells its error after the write's callback; a listener that is gone by then would end the process.
    setImmediate(() => process.stdout.removeListener('error', fail));
  });
}

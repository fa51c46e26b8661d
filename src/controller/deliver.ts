import { type Job, UnrecoverableError } from 'bullmq';
import type { Clock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import { hiddenTexts, withoutTexts } from '../core/hidden.ts';
import type { Log } from '../core/log.ts';
import type { Notice } from '../core/notifier.ts';
import type { Recipient } from './outbox.ts';

const DAY_MS = 86_400_000;
const SEND_MS = 30_000;

/** A notice on its way. The recipient's URL is not in it: it may hold a password. */
export interface NoticeData {
  readonly notice: Notice;
  readonly recipient: string;
}

type NoticeJob = Pick<Job<NoticeData, void, string>, 'data' | 'attemptsMade'>;

/** What sending needs. */
export interface DeliverDeps {
  readonly recipients: ReadonlyMap<string, Recipient>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tries to send a notice once. What it throws makes BullMQ try it again, or give it up: when the notifier says so, or the
 * notice is a day old. Nothing is sent once `stop` is aborted: what is cut off may have been sent, and would be sent twice.
 */
export async function deliver(deps: DeliverDeps, job: NoticeJob, stop: AbortSignal): Promise<void> {
  if (stop.aborted) throw new Error('not sent: the controller stops');
  const { notice, recipient: key } = job.data;
  const recipient = deps.recipients.get(key);
  if (recipient === undefined)
    throw new UnrecoverableError('NOTIFY_REJECTED: the recipient is not configured any more');
  const about = { run: notice.runId, notice: notice.id, recipient: recipient.masked };
  const signal = AbortSignal.any([stop, AbortSignal.timeout(SEND_MS)]);
  try {
    await within(
      recipient.notifier.send(notice, recipient.url, recipient.options, { signal, log: deps.log }),
      signal,
    );
    deps.log.info(about, 'notice sent');
  } catch (thrown) {
    const error = unsaid(asMusterError(thrown), recipient);
    const late = deps.clock.nowMs() - notice.sentAtMs > DAY_MS;
    const final = !stop.aborted && (!error.retryable || late);
    deps.log[final ? 'error' : 'warn'](
      { ...about, code: error.code, reason: error.message, tries: job.attemptsMade + 1 },
      final ? 'notice given up' : 'notice not sent yet',
    );
    if (final) throw new UnrecoverableError(`${error.code}: ${error.message}`);
    throw error;
  }
}

/** BullMQ keeps the words of an error: those of a notifier may hold what its recipient or its options have for a password. */
function unsaid(error: MusterError, { url, masked, options }: Recipient): MusterError {
  const secrets = [url.password, decoded(url.password)].filter((text) => text.length >= 4);
  const message = withoutTexts(error.message.replaceAll(url.href, masked), [
    ...secrets,
    ...hiddenTexts(options),
  ]);
  return message === error.message ? error : new MusterError(error.code, message);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A notifier that does not listen to its signal is not waited for. */
async function within(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error('not accepted in time'));
    signal.addEventListener('abort', stop, { once: true });
    // One that was aborted before says so to nobody.
    if (signal.aborted) stop();
  });
  await Promise.race([work, aborted]);
}

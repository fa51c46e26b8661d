import { type Job, type Queue, UnrecoverableError, type Worker } from 'bullmq';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import { hiddenTexts, withoutTexts } from '../core/hidden.ts';
import type { Log } from '../core/log.ts';
import type { Notice } from '../core/notifier.ts';
import type { Recipient } from './outbox.ts';
import { type Leases, openQueue, openWorker } from './queues.ts';
import type { RedisDoor } from './redis.ts';

const DAY_MS = 86_400_000;
const SEND_MS = 30_000;
/** Sent at a time over one notifier: one slow recipient must not hold up the others. */
const AT_A_TIME = 5;
const BACKOFF = { baseMs: 2000, capMs: 15 * 60_000, floorMs: 500 };

/** A notice on its way. The recipient's URL is not in it: it may hold a password. */
interface NoticeData {
  readonly notice: Notice;
  readonly recipient: string;
}

type NoticeJob = Job<NoticeData, void, string>;

/** Sends notices, one queue a notifier, so that one which is down delays no other. */
export interface Notices {
  /** Puts a notice on its way; the same `notice.id` again does nothing. */
  add(recipient: Recipient, notice: Notice): Promise<void>;
  close(): Promise<void>;
}

/** What sending notices needs; `backoff` is for tests. */
export interface NoticesDeps {
  readonly door: RedisDoor;
  readonly recipients: ReadonlyMap<string, Recipient>;
  readonly keepDays: number;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  readonly backoff?: { readonly baseMs: number; readonly capMs: number; readonly floorMs?: number };
}

/** Opens a queue and a worker for every notifier that somebody is told by. */
export function startNotices(deps: NoticesDeps): Notices {
  const lines = new Map<
    string,
    { queue: Queue<NoticeData, void, string>; worker: Worker<NoticeData, void, string> }
  >();
  const stop = new AbortController();
  for (const { notifier } of deps.recipients.values()) {
    if (lines.has(notifier.name)) continue;
    const name = `notices-${notifier.name}`;
    const worker = openWorker<NoticeData>(deps.door, name, (job) => deliver(deps, job, stop.signal), {
      log: deps.log,
      leases: deps.leases,
      concurrency: AT_A_TIME,
      limiter: { max: notifier.limits.perMinute, duration: 60_000 },
      settings: { backoffStrategy: (attempts) => backoffMs(attempts - 1, deps.backoff ?? BACKOFF) },
    });
    lines.set(notifier.name, { queue: openQueue<NoticeData>(deps.door, name, deps.log), worker });
  }
  const keep = { age: Math.round((deps.keepDays * DAY_MS) / 1000) };
  return {
    async add(recipient, notice) {
      await lines.get(recipient.notifier.name)?.queue.add(
        'notice',
        { notice, recipient: recipient.key },
        // Tried until the notice is a day old, see `deliver`.
        {
          jobId: notice.id,
          attempts: 1_000_000,
          backoff: { type: 'custom' },
          removeOnComplete: keep,
          removeOnFail: keep,
        },
      );
    },
    async close() {
      stop.abort();
      for (const { queue, worker } of lines.values()) {
        await worker.close();
        await queue.close();
      }
      await Promise.all(
        [...new Set([...deps.recipients.values()].map(({ notifier }) => notifier))].map((notifier) =>
          notifier.close?.(),
        ),
      );
    },
  };
}

async function deliver(deps: NoticesDeps, job: NoticeJob, stop: AbortSignal): Promise<void> {
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
    signal.addEventListener('abort', () => reject(new Error('not accepted in time')), { once: true });
  });
  await Promise.race([work, aborted]);
}

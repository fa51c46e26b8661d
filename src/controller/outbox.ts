import type { Log } from '../core/log.ts';
import type { Notice, Notifier } from '../core/notifier.ts';
import { cut, noticeText } from './notice-text.ts';
import type { Notices } from './notices.ts';
import { recordOf } from './records.ts';
import type { RunData } from './run-data.ts';

/** One who is told, found by its key. */
export interface Recipient {
  readonly key: string;
  readonly url: URL;
  readonly masked: string;
  readonly notifier: Notifier;
  readonly options: unknown;
}

/** Something that a person should look at now. `id` is stable, so that the same is told once. */
export type Alarm = Pick<Notice, 'id' | 'subject' | 'body' | 'runId' | 'identity' | 'sentAtMs'>;

/** One job a recipient; the same alarm again does nothing. Throws REDIS_UNREACHABLE or what ioredis throws. */
export async function sendAlarm(
  alarm: Alarm,
  recipients: ReadonlyMap<string, Recipient>,
  notices: Pick<Notices, 'add'>,
): Promise<void> {
  for (const recipient of recipients.values()) {
    const { subjectChars, bodyChars } = recipient.notifier.limits;
    await notices.add(recipient, {
      ...alarm,
      level: 'alarm',
      id: `${alarm.id}-${recipient.key}`,
      subject: cut(alarm.subject, subjectChars),
      body: cut(alarm.body, bodyChars),
    });
  }
}

/**
 * Turns the intent that was written with a run's end into one job a recipient. Their ids follow from run, retry and
 * recipient: when this was cut off and is done again, nobody is told twice and nobody is left out.
 * Throws REDIS_UNREACHABLE or what ioredis throws; then the run's job stays and comes again.
 */
export async function sendIntents(
  runId: string,
  data: RunData,
  recipients: ReadonlyMap<string, Recipient>,
  notices: Notices,
  log: Log,
): Promise<void> {
  if (data.notices === null || data.outcome === null) return;
  const text = noticeText(recordOf(runId, data, data.outcome));
  for (const key of data.notices.recipients) {
    const recipient = recipients.get(key);
    if (recipient === undefined) {
      log.warn({ run: runId, recipient: key }, 'a recipient is not configured any more');
      continue;
    }
    const { subjectChars, bodyChars } = recipient.notifier.limits;
    const notice: Notice = {
      id: `${runId}-${data.retries}-${key}`,
      level: text.level,
      subject: cut(text.subject, subjectChars),
      body: cut(text.body, bodyChars),
      runId,
      identity: data.identity,
      sentAtMs: data.notices.sentAtMs,
    };
    await notices.add(recipient, notice);
  }
}

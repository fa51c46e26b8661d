import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isErrorCode, MusterError } from '../../src/core/errors.ts';
import { loadPlugin } from '../../src/core/load.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Notice, Notifier } from '../../src/core/notifier.ts';
import { maskRecipient, parseRecipient } from '../../src/core/recipient.ts';

/** What the suite has to know of one notifier. */
export interface NotifierSample<O> {
  /** Path of the plug-in file. */
  readonly file: string;
  readonly validRecipient: string;
  /** Texts that are URLs of this scheme, or nearly, and must be refused. */
  readonly invalidRecipients: readonly string[];
  /** A recipient that holds a secret, and that secret. */
  readonly secretRecipient: { readonly url: string; readonly secret: string };
  /** Options that lead to a service which takes the connection and never says a word; left out where there is none. */
  readonly silentService?: () => Promise<{ options: O; stop(): Promise<void> }>;
  /** Options that lead to nothing at all; without them, those that `{}` gives. */
  readonly deadService?: () => Promise<O>;
}

/** A notice as the core makes them. */
export function sampleNotice(changes: Partial<Notice> = {}): Notice {
  return {
    id: 'i-0123456789abcdef0.1-provisioned',
    level: 'info',
    subject: 'New node web1 in eu-west-1',
    body: 'Provisioned web1 against puppet1 in 3 min 20 s.',
    runId: 'i-0123456789abcdef0.1',
    identity: 'web1.example.org',
    sentAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    ...changes,
  };
}

/** What every notifier must keep. Call it inside the test file of the notifier. */
export function notifierConformance<O>(notifier: Notifier<O>, sample: NotifierSample<O>): void {
  describe(`${notifier.name} is a notifier as the core expects it`, () => {
    shapeTests(notifier, sample);
    recipientTests(notifier, sample);
    sendTests(notifier, sample);
  });
}

function shapeTests<O>(notifier: Notifier<O>, sample: NotifierSample<O>): void {
  test('the strict loader takes it, and its name is that of its file', async () => {
    const loaded = await loadPlugin<Notifier>(sample.file, 'send');
    expect(loaded.name).toBe(basename(sample.file).split('.')[0]);
    expect(loaded.summary).toBe(notifier.summary);
  });

  test('its summary is one line without a full stop', () => {
    expect(notifier.summary).toMatch(/^\S.*[^.\s]$/);
  });

  test('its options are strict, and each is described', () => {
    const options = notifier.options;
    if (!(options instanceof z.ZodObject)) throw new Error('options are no z.strictObject');
    const parsed = options.safeParse({ surely_no_option: true });
    expect(parsed.error?.issues.map((issue) => issue.code)).toContain('unrecognized_keys');
    const fields: Record<string, { description?: string | undefined }> = options.shape;
    for (const [name, field] of Object.entries(fields)) {
      expect(field.description, `description of option ${name}`).toMatch(/\S/);
    }
  });

  test('no options are enough, or the message says which one is missing', () => {
    const parsed = notifier.options.safeParse({});
    for (const issue of parsed.error?.issues ?? []) expect(issue.path).not.toEqual([]);
  });

  test('its limits are whole numbers of a sane size', () => {
    const { subjectChars, bodyChars, perMinute } = notifier.limits;
    for (const limit of [subjectChars, bodyChars, perMinute]) expect(Number.isInteger(limit)).toBe(true);
    expect(subjectChars).toBeGreaterThanOrEqual(20);
    expect(bodyChars).toBeGreaterThanOrEqual(100);
    expect(bodyChars).toBeLessThanOrEqual(1_000_000);
    expect(perMinute).toBeGreaterThanOrEqual(1);
  });
}

function recipientTests<O>(notifier: Notifier<O>, sample: NotifierSample<O>): void {
  test('it takes its recipients and those of its scheme only', () => {
    const recipient = parseRecipient(sample.validRecipient);
    expect(recipient.protocol).toBe(`${notifier.name}:`);
    expect(() => notifier.check(recipient)).not.toThrow();
    expect(codeOf(() => notifier.check(new URL('no-such-scheme:x@example.org')))).toBe('CONFIG_INVALID');
  });

  test.each(sample.invalidRecipients)('it refuses the recipient %s', (text) => {
    expect(codeOf(() => notifier.check(parseRecipient(text)))).toBe('CONFIG_INVALID');
  });

  test('a secret in a recipient is neither printed nor told in an error', () => {
    const { url, secret } = sample.secretRecipient;
    expect(url).toContain(secret);
    expect(maskRecipient(url)).not.toContain(secret);
    const message = messageOf(() => notifier.check(parseRecipient(url)));
    expect(message).not.toContain(secret);
  });
}

function sendTests<O>(notifier: Notifier<O>, sample: NotifierSample<O>): void {
  const recipient = () => parseRecipient(sample.validRecipient);
  const send = async (options: O, signal: AbortSignal) => {
    const startedMs = performance.now();
    const thrown: unknown = await notifier
      .send(sampleNotice(), recipient(), options, { signal, log: silentLog })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    return { thrown, tookMs: performance.now() - startedMs };
  };
  const deadOptions = () => sample.deadService?.() ?? Promise.resolve(notifier.options.parse({}));

  test('it sends nothing when it was given up before', async () => {
    const { thrown, tookMs } = await send(await deadOptions(), AbortSignal.abort());
    expect(thrown).toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
    expect(tookMs).toBeLessThan(1_000);
    await notifier.close?.();
  });

  if (sample.deadService)
    test('a service that is not there is NOTIFY_UNREACHABLE', async () => {
      const { thrown } = await send(await deadOptions(), AbortSignal.timeout(20_000));
      expect(thrown).toBeInstanceOf(MusterError);
      expect(thrown).toMatchObject({ code: 'NOTIFY_UNREACHABLE', retryable: true });
      await notifier.close?.();
    });

  if (sample.silentService)
    test('a service that says nothing is left within 1 s of the signal', async () => {
      const service = await sample.silentService?.();
      if (service === undefined) return;
      const { thrown, tookMs } = await send(service.options, AbortSignal.timeout(200));
      await notifier.close?.();
      await service.stop();
      expect(thrown).toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      expect(tookMs).toBeLessThan(1_200);
    });

  test('close() may be called when nothing is open, and twice', async () => {
    await notifier.close?.();
    await notifier.close?.();
  });
}

function codeOf(work: () => void): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof MusterError && isErrorCode(thrown.code)) return thrown.code;
    throw thrown;
  }
  return 'nothing thrown';
}

function messageOf(work: () => void): string {
  try {
    work();
  } catch (thrown) {
    return thrown instanceof Error ? `${thrown.message} ${thrown.stack}` : String(thrown);
  }
  return '';
}

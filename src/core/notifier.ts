import type { Log } from './log.ts';
import type { Plugin } from './plugin.ts';

/** What is told, in plain text. `id` is stable over re-deliveries, so that a receiver can tell a copy. */
export interface Notice {
  readonly id: string;
  readonly level: 'info' | 'failure' | 'alarm';
  readonly subject: string;
  readonly body: string;
  readonly runId: string;
  readonly identity: string;
  readonly sentAtMs: number;
}

/** Tells one recipient. `limits` are data: the core cuts texts and spaces messages for all notifiers. */
export interface Notifier<O = unknown> extends Plugin<O> {
  readonly limits: { readonly subjectChars: number; readonly bodyChars: number; readonly perMinute: number };
  /** Throws CONFIG_INVALID when the recipient URL is not one of this notifier's; no I/O. Called when the config is read. */
  check(recipient: URL): void;
  /** Resolves when the service accepted it; throws NOTIFY_REJECTED (final) or NOTIFY_UNREACHABLE (tried again). */
  send(notice: Notice, recipient: URL, options: O, context: { signal: AbortSignal; log: Log }): Promise<void>;
  /** Lets go of connections that were kept open. */
  close?(): Promise<void>;
}

/** Declares a notifier; only gives the value its type. The file name is the scheme of its recipient URLs. */
export function defineNotifier<O>(notifier: Notifier<O>): Notifier<O> {
  return notifier;
}

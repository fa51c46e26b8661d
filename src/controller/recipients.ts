import type { ControllerConfig } from '../core/config/controller.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Notifier } from '../core/notifier.ts';
import { maskRecipient, parseRecipient } from '../core/recipient.ts';
import { pluginOptions } from './check-plugins.ts';
import type { Recipient } from './outbox.ts';
import { recipientKey } from './recipient-key.ts';

/**
 * The configured recipients by key, each with its notifier and that one's options. No I/O. Throws CONFIG_INVALID that
 * names the entry, e.g. `notify.recipients[1]`, with the URL masked.
 */
export function readRecipients(
  config: ControllerConfig['notify'],
  notifiers: ReadonlyMap<string, Notifier>,
): Map<string, Recipient> {
  const recipients = new Map<string, Recipient>();
  for (const [index, text] of config.recipients.entries()) {
    const path = `notify.recipients[${index}]`;
    const url = parse(text, path);
    const scheme = url.protocol.slice(0, -1);
    const { plugin: notifier, options } = pluginOptions(
      'notifier',
      notifiers,
      scheme,
      config.options[scheme] ?? {},
      path,
    );
    const masked = maskRecipient(text);
    try {
      notifier.check(url);
    } catch (thrown) {
      throw new MusterError('CONFIG_INVALID', `${path} (${masked}): ${asMusterError(thrown).message}`);
    }
    const key = recipientKey(text);
    recipients.set(key, { key, url, masked, notifier, options });
  }
  return recipients;
}

function parse(text: string, path: string): URL {
  try {
    return parseRecipient(text);
  } catch (thrown) {
    throw new MusterError('CONFIG_INVALID', `${path}: ${asMusterError(thrown).message}`);
  }
}

import { expect, test } from 'vitest';
import { deliver } from '../../../src/controller/deliver.ts';
import type { Recipient } from '../../../src/controller/outbox.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Notice } from '../../../src/core/notifier.ts';
import { fakeNotifier } from '../../kit/run-notifier.ts';

const notice: Notice = {
  ...{ id: 'n', level: 'info', subject: 's', body: 'b', runId: 'i-1.aaaaaa', identity: 'i-1' },
  sentAtMs: Date.now(),
};
const job = { data: { notice, recipient: 'key' }, attemptsMade: 0 };

function told(send?: () => Promise<void>) {
  const notifier = fakeNotifier('chat', send === undefined ? {} : { send });
  const url = new URL('chat://room');
  const recipient: Recipient = { key: 'key', url, masked: 'chat://room', notifier, options: {} };
  const deps = { recipients: new Map([['key', recipient]]), clock: systemClock, log: silentLog };
  return { notifier, deps };
}

test('a notice that is taken up when the controller stops already is not sent, and nobody waits for it', async () => {
  const { notifier, deps } = told();
  await expect(deliver(deps, job, AbortSignal.abort())).rejects.toThrow('the controller stops');
  expect(notifier.sent).toEqual([]);
});

test('a notifier that hangs is left when the controller stops', async () => {
  const stop = new AbortController();
  const { deps } = told(() => new Promise(() => stop.abort()));
  await expect(deliver(deps, job, stop.signal)).rejects.toThrow('not accepted in time');
});

import { MusterError } from '../../src/core/errors.ts';

/** Does `work`, but waits for it only until the signal aborts; then throws NOTIFY_UNREACHABLE at once. */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () =>
    reject(new MusterError('NOTIFY_UNREACHABLE', 'given up before it was taken', { cause: signal.reason }));
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race(signal.aborted ? [promise] : [work(), promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

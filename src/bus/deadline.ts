import { asMusterError, MusterError } from '../core/errors.ts';

/**
 * What `work` gives, or `late(why)` after `timeoutS`, or when `signal` aborts (then the signal's reason, if it is one of
 * our errors). `work` itself goes on; what it then throws is forgotten.
 */
export async function until<T>(
  work: Promise<T>,
  timeoutS: number,
  signal: AbortSignal | undefined,
  late: (why: string) => MusterError,
): Promise<T> {
  const end = Promise.withResolvers<never>();
  const timer = setTimeout(() => end.reject(late(`within ${timeoutS} s`)), timeoutS * 1000);
  const stop = () => {
    const reason = signal?.reason instanceof MusterError ? signal.reason : late('before the caller gave up');
    end.reject(asMusterError(reason));
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, end.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

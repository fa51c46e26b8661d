import { asMusterError, MusterError } from '../../core/errors.ts';
import { type StopSignal, stoppedBy, stopSignal } from './stop.ts';

/** A request that somebody ended before it was over. */
export interface Interruption {
  readonly signal: StopSignal;
  /** Nodes of later batches, sorted: nothing was sent to them. */
  readonly notAsked: readonly string[];
}

/** How the request was interrupted; null when it was not. */
export function interruption(notAsked: readonly string[] = []): Interruption | null {
  const signal = stoppedBy();
  return signal === null ? null : { signal, notAsked };
}

/** What `work` gives, or INTERRUPTED with this message as soon as somebody says stop; `work` itself goes on then. */
export async function orStopped<T>(work: Promise<T>, what: string): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = () =>
    stopped.reject(new MusterError('INTERRUPTED', `interrupted by ${stoppedBy() ?? 'a signal'}: ${what}`));
  const signal = stopSignal();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  work.catch(() => undefined);
  try {
    return await Promise.race([stopped.promise, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** For `catch`: null where somebody said stop, so that what has come before can be told. Throws all else again. */
export function nullIfStopped(thrown: unknown): null {
  const error = asMusterError(thrown);
  if (error.code === 'INTERRUPTED') return null;
  throw error;
}

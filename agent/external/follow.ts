import { watch } from 'node:fs';

/** How a folder is looked at. Both give after how many ms to look again at the latest. */
export interface Looking {
  look(): Promise<number>;
  /** What `look` has thrown. */
  failed(cause: unknown): number;
}

/** A copy makes many events. */
const GATHER_MS = 100;

/** Looks now, whenever something changes in the folder, and from time to time. Ends by the function that it gives. */
export function follow(dir: string, looking: Looking): () => void {
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  let turn = Promise.resolve();

  /** The earlier one counts, so that a folder that never rests is looked at, too. */
  const again = (afterMs: number): void => {
    const wantedMs = performance.now() + afterMs;
    if (ended.signal.aborted || wantedMs >= dueMs) return;
    clearTimeout(timer);
    dueMs = wantedMs;
    timer = setTimeout(once, afterMs).unref();
  };
  const lookOnce = async (): Promise<void> => {
    if (ended.signal.aborted) return;
    again(await looking.look().catch((cause: unknown) => looking.failed(cause)));
  };
  const once = (): void => {
    dueMs = Number.POSITIVE_INFINITY;
    turn = turn.then(lookOnce);
  };
  watchFolder(dir, () => again(GATHER_MS), ended.signal);
  once();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}

/** Where it cannot be watched, looking from time to time is enough. */
function watchFolder(dir: string, onChange: () => void, signal: AbortSignal): void {
  try {
    watch(dir, { persistent: false, signal }, onChange).on('error', () => undefined);
  } catch {
    // It may not be there yet.
  }
}

import { writeSync } from 'node:fs';

/** One thing that happened while a lab starts. `seconds` is how long that thing took. */
export type ProgressEvent =
  | { event: 'done'; what: string; seconds: number }
  | { event: 'failed'; what: string; message: string; details: readonly string[] }
  | { event: 'ready'; seconds: number };

/** Passes the progress of a start on to whoever waits for it. */
export interface Progress {
  /** Runs one part of the start and tells how long it took. A failure goes on to the caller. */
  step<T>(what: string, action: () => Promise<T>): Promise<T>;
  tell(event: ProgressEvent): void;
}

/** Progress as JSON lines on the descriptor `fd`; a reader that has gone away does no harm. */
export function progressTo(fd: number): Progress {
  const tell = (event: ProgressEvent) => {
    const line = `${JSON.stringify(event)}\n`;
    process.stderr.write(line); // the supervisor's log
    try {
      writeSync(fd, line);
    } catch {
      // A detached starter leaves when all is ready.
    }
  };
  const step = async <T>(what: string, action: () => Promise<T>): Promise<T> => {
    const startedAtMs = performance.now();
    const result = await action();
    tell({ event: 'done', what, seconds: secondsSince(startedAtMs) });
    return result;
  };
  return { step, tell };
}

/** Seconds since a `performance.now()`, to a tenth. */
export function secondsSince(startedAtMs: number): number {
  return Math.round((performance.now() - startedAtMs) / 100) / 10;
}

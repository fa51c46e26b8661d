/** What tells a command to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Exit codes of a command that was told to end, as shells give them: 128 and the number of the signal. */
export const STOP_EXIT: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

const stopping = new AbortController();
let by: StopSignal | null = null;
let heard = false;
let isOver = false;

/**
 * A signal that is aborted by the first SIGINT or SIGTERM from now on, the same one for the whole process; a second one ends the
 * process at once with the code of {@link STOP_EXIT}.
 */
export function stopSignal(): AbortSignal {
  if (!heard) for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop(name));
  heard = true;
  return stopping.signal;
}

/** Which signal came, if one has. */
export function stoppedBy(): StopSignal | null {
  return by;
}

/** The command has told all that it had to tell: what still holds the process must not hold it against a signal. */
export function commandIsOver(): void {
  isOver = true;
}

function stop(name: StopSignal): void {
  if (by !== null || isOver) process.exit(STOP_EXIT[name]);
  by = name;
  stopping.abort();
}

import type { Clock } from '../core/clock.ts';
import { asMusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Lifetimes } from './lifetimes.ts';

const LOOK_MS = 60_000;
/** A node whose certificate has just ended may be saying hello: it keeps its login for so long. */
const GRACE_MS = 10 * 60_000;

/** What tidying needs. `removeUser` deletes the broker user of a node; not being there is fine. */
export interface TidyDeps {
  readonly lifetimes: Lifetimes;
  readonly removeUser: (identity: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Deletes the broker users of nodes whose certificate has ended, once: they would stay for ever, when an instance is
 * terminated without a word. A node that comes back gets its user by its hello. Throws what Redis and the broker throw:
 * then the next look goes on.
 */
export async function tidy({ lifetimes, removeUser, clock, log }: TidyDeps): Promise<void> {
  const endedMs = clock.nowMs() - GRACE_MS;
  for (const identity of await lifetimes.endedBefore(endedMs)) {
    try {
      await removeUser(identity);
    } catch (thrown) {
      // The name is somebody else's now, and so is the user.
      if (asMusterError(thrown).code !== 'CONFLICT') throw thrown;
    }
    if (await lifetimes.forget(identity, endedMs))
      log.info({ identity }, 'its certificate has ended: its broker user was deleted');
  }
}

/** Tidies every minute. */
export function startTidy(deps: TidyDeps): { close(): void } {
  const look = () => {
    tidy(deps).catch((thrown: unknown) =>
      deps.log.warn({ err: asMusterError(thrown).message }, 'broker users not tidied yet'),
    );
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  return { close: () => clearInterval(timer) };
}

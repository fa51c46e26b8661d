import type { LiveSettings } from './live-settings.ts';
import type { Service } from './serve.ts';
import { followFolders } from './watch.ts';

/** Each external agent is a program to run. */
const ASK_PROGRAMS_MS = 300_000;

/**
 * Looks again which agents are to be served: as soon as a file of their settings changes, and every 30 s anyway, because what an agent
 * waits for (Puppet, a socket, a folder) may come and go anywhere. Programs are asked when a file has changed, and every 5 minutes.
 */
export function followActive(live: LiveSettings, service: Pick<Service, 'look'>, signal: AbortSignal): void {
  let askedMs = performance.now();
  let turn = Promise.resolve();
  const again = async () => {
    const nowMs = performance.now();
    const programs = (await live.refresh()) || nowMs - askedMs >= ASK_PROGRAMS_MS;
    if (programs) askedMs = nowMs;
    service.look({ programs });
  };
  followFolders(
    live.folders,
    () => {
      turn = turn.then(again);
    },
    signal,
    live.isOne,
  );
}

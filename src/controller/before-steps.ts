import { asMusterError, MusterError } from '../core/errors.ts';
import { tryFailed } from './transitions.ts';
import { backoff, delay, finish, type WalkDeps, type WalkEnd, type WalkingRun } from './walking.ts';

const CHOICE_CAP_MS = 10_000;
const JOIN_LOOK_MS = 3000;
/** A node that was answered and does not come for so long has failed. */
const JOIN_LIMIT_MS = 15 * 60_000;

/** Gives the run a master, or lets it wait for one. */
export async function chooseMaster(run: WalkingRun, deps: WalkDeps): Promise<WalkEnd | null> {
  try {
    const { identity, reason } = await deps.chooseMaster(run);
    const { left } = run.data;
    const masterReason = left.length === 0 ? reason : `${reason}; left ${left.join(', ')}`;
    await run.save({ ...run.data, master: identity, masterReason, tries: 0, error: null });
    deps.log.info({ run: run.id, master: identity, reason: masterReason }, 'master chosen');
    return null;
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (run.signal.aborted) throw error;
    if (!error.retryable) return finish(run, deps, error);
    // A master may still be booting: the run waits for one until its deadline instead of spending attempts.
    await run.save(tryFailed(run.data, error, true));
    return delay(run, deps, backoff(run, deps, CHOICE_CAP_MS));
  }
}

/**
 * Waits until the node is on the bus: its run exists before its hello is answered. Its registration wakes the run, so
 * that the wait ends with it. Spends no attempt; throws nothing but what `save` throws.
 */
export async function awaitNode(run: WalkingRun, deps: WalkDeps): Promise<WalkEnd | null> {
  try {
    if (await deps.nodeJoined(run)) {
      await run.save({ ...run.data, joined: true, tries: 0, error: null });
      return null;
    }
  } catch (thrown) {
    if (run.signal.aborted) throw thrown;
    await run.save(tryFailed(run.data, asMusterError(thrown), false));
    return delay(run, deps, JOIN_LOOK_MS);
  }
  const error = new MusterError(
    'NODE_UNREACHABLE',
    `${run.data.identity} was answered and has not come onto the bus yet`,
  );
  if (deps.clock.nowMs() - run.data.startedAtMs > JOIN_LIMIT_MS) return finish(run, deps, error);
  await run.save(tryFailed(run.data, error, false));
  return delay(run, deps, JOIN_LOOK_MS);
}

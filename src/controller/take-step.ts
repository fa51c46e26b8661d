import { asMusterError, type MusterError } from '../core/errors.ts';
import type { Step, StepResult } from '../core/step.ts';
import { callStep } from './call-step.ts';
import { verdictOf } from './failure.ts';
import { masterLeft, stepBegun, stepEnded, stepWaits, tryFailed } from './transitions.ts';
import { backoff, delay, finish, type WalkDeps, type WalkEnd, type WalkingRun } from './walking.ts';

const BACKOFF_CAP_MS = 60_000;
/** A slot that is granted wakes its run; this is for the case that nobody does. */
const SLOT_LOOK_MS = 30_000;

/** Takes the step at the cursor once: null when the walk goes on. */
export async function takeStep(
  run: WalkingRun,
  deps: WalkDeps,
  step: Step,
  options: unknown,
): Promise<WalkEnd | null> {
  await run.save(stepBegun(run.data, deps.clock.nowMs()));
  if (step.needsMasterSlot === true) {
    const wait = await slotOrWait(run, deps);
    if (wait !== null) return wait;
  }
  deps.log.debug({ run: run.id, step: step.name }, 'step begins');
  const call = await callStep(step, (signal) => deps.stepContext(run, signal), options, run.signal);
  if (call.kind === 'interrupted') return { next: 'handBack' };
  if (call.kind === 'error') return failed(run, deps, call.error);
  return result(run, deps, call.result);
}

async function slotOrWait(run: WalkingRun, deps: WalkDeps): Promise<WalkEnd | null> {
  const { data } = run;
  if (data.master === null) return null;
  // The wish is saved before the slot is asked for: a slot that its run does not want is given to the next one.
  const id = `${run.id}-${data.retries}-${data.left.length}-${data.cursor}-${data.tries}`;
  if (data.slot?.id !== id) await run.save({ ...data, slot: { master: data.master, id } });
  try {
    const { granted, before } = await deps.askSlot(run);
    if (granted) return null;
    await run.save(stepWaits(run.data, `waiting for a slot on ${data.master}, ${before} before it`));
    return delay(run, deps, SLOT_LOOK_MS);
  } catch (thrown) {
    return failed(run, deps, asMusterError(thrown));
  }
}

async function result(run: WalkingRun, deps: WalkDeps, stepResult: StepResult): Promise<WalkEnd | null> {
  if (stepResult.outcome === 'wait') {
    await run.save(stepWaits(run.data, stepResult.detail));
    return delay(run, deps, stepResult.retryInS * 1000);
  }
  try {
    const collectives = run.data.collectives.length > 1 ? await deps.narrowGrants(run) : run.data.collectives;
    const { slot } = run.data;
    await run.save(stepEnded({ ...run.data, collectives }, stepResult, deps.clock.nowMs()));
    if (slot !== null) deps.freeSlot(slot);
  } catch (thrown) {
    return failed(run, deps, asMusterError(thrown));
  }
  deps.log.info(
    {
      run: run.id,
      step: run.data.steps.at(-1)?.step,
      outcome: stepResult.outcome,
      detail: stepResult.detail,
    },
    'step ended',
  );
  return null;
}

async function failed(run: WalkingRun, deps: WalkDeps, error: MusterError): Promise<WalkEnd | null> {
  // The run was lost to another controller: nothing more may be said of it here.
  if (run.signal.aborted) throw error;
  const { master, slot, left, tries } = run.data;
  const verdict = await verdictOf(error, {
    tries,
    attempts: deps.settings.attempts,
    movesLeft: deps.settings.maxMoves - left.length,
    masterLives: async () => master !== null && (await deps.masterLives(master)),
  });
  deps.log.warn(
    { run: run.id, step: run.data.steps.at(-1)?.step, code: error.code, reason: error.message, verdict },
    'step failed',
  );
  if (verdict === 'end') return finish(run, deps, error);
  if (verdict === 'move') await run.save(masterLeft(run.data, error, deps.clock.nowMs()));
  else await run.save(tryFailed(run.data, error, verdict === 'retry'));
  if (slot !== null) deps.freeSlot(slot);
  return verdict === 'move' ? null : delay(run, deps, backoff(run, deps, BACKOFF_CAP_MS));
}

import { asMusterError, MusterError } from '../core/errors.ts';
import { withoutTexts } from '../core/hidden.ts';
import type { Step, StepResult } from '../core/step.ts';
import { callStep, type StepCall } from './call-step.ts';
import { verdictOf } from './failure.ts';
import { masterLeft, stepBegun, stepEnded, stepWaits, tryFailed } from './transitions.ts';
import { backoff, delay, finish, type WalkDeps, type WalkEnd, type WalkingRun } from './walking.ts';

const BACKOFF_CAP_MS = 60_000;
/** A slot that is granted wakes its run; this is for the case that nobody does. */
const SLOT_LOOK_MS = 30_000;

/** Options of a step, checked, and the secrets in them, which it must not repeat. */
interface StepOptions {
  readonly given: unknown;
  readonly secrets: readonly string[];
}

/** Takes the step at the cursor once: null when the walk goes on. */
export async function takeStep(
  run: WalkingRun,
  deps: WalkDeps,
  step: Step,
  options: StepOptions,
): Promise<WalkEnd | null> {
  await run.save(stepBegun(run.data, deps.clock.nowMs()));
  if (step.needsMasterSlot === true) {
    const wait = await slotOrWait(run, deps);
    if (wait !== null) return wait;
  }
  deps.log.debug({ run: run.id, step: step.name }, 'step begins');
  const contextOf = (signal: AbortSignal) => deps.stepContext(run, signal);
  const call = unsaid(await callStep(step, contextOf, options.given, run.signal), options.secrets);
  if (call.kind === 'interrupted') return { next: 'handBack' };
  if (call.kind === 'error') return failed(run, deps, call.error);
  return result(run, deps, call.result);
}

/** What a step says, without the secrets that it was given. */
function unsaid(call: StepCall, secrets: readonly string[]): StepCall {
  if (secrets.length === 0 || call.kind === 'interrupted') return call;
  const clean = (text: string) => withoutTexts(text, secrets);
  if (call.kind === 'result')
    return { ...call, result: { ...call.result, detail: clean(call.result.detail) } };
  const { code, message, details } = call.error;
  return { ...call, error: new MusterError(code, clean(message), { details: details.map(clean) }) };
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

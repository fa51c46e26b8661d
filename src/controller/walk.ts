import { MusterError } from '../core/errors.ts';
import { hiddenTexts } from '../core/hidden.ts';
import { awaitNode, chooseMaster } from './before-steps.ts';
import { optionsOf } from './plan-options.ts';
import { takeStep } from './take-step.ts';
import { stepBegun } from './transitions.ts';
import { finish, msLeft, type WalkDeps, type WalkEnd, type WalkingRun } from './walking.ts';

/**
 * Walks a run from its cursor until it waits or is over. Everything is saved before it is built upon, so that a walk
 * which ends anywhere can be taken up by another controller. Throws only what `save` throws.
 */
export async function walk(run: WalkingRun, deps: WalkDeps): Promise<WalkEnd> {
  for (;;) {
    const end = await stride(run, deps);
    if (end !== null) return end;
  }
}

async function stride(run: WalkingRun, deps: WalkDeps): Promise<WalkEnd | null> {
  const { data } = run;
  if (data.outcome !== null) return { next: 'over' };
  if (run.stopping() || run.signal.aborted) return { next: 'handBack' };
  if (msLeft(run, deps) <= 0) {
    return finish(
      run,
      deps,
      new MusterError('RUN_EXPIRED', `not provisioned within ${deps.settings.deadlineS} s`),
    );
  }
  const entry = data.plan[data.cursor];
  if (entry === undefined) return finish(run, deps, null);
  if (data.master === null) return chooseMaster(run, deps);
  if (!data.joined) return awaitNode(run, deps);
  const step = deps.steps.get(entry.step);
  const given = optionsOf(entry, deps.planOf(data.group));
  const options = given === null ? undefined : step?.options.safeParse(given);
  if (step === undefined || options?.success !== true) {
    await run.save(stepBegun(data, deps.clock.nowMs()));
    const why =
      given === null
        ? `the options of the step '${entry.step}' hold a secret and have changed since the run began: retry it`
        : `this controller cannot run the step '${entry.step}' of the plan`;
    return finish(run, deps, new MusterError('CONFIG_INVALID', why));
  }
  return takeStep(run, deps, step, { given: options.data, secrets: hiddenTexts(given) });
}

import { asMusterError, MusterError } from '../core/errors.ts';
import type { Step, StepContext, StepResult } from '../core/step.ts';

/** How one call of a step came out. `interrupted`: this controller stops or has lost the run; says nothing about the step. */
export type StepCall =
  | { readonly kind: 'result'; readonly result: StepResult }
  | { readonly kind: 'error'; readonly error: MusterError }
  | { readonly kind: 'interrupted' };

/**
 * Calls a step once, under its own timeout (STEP_TIMEOUT) and under `signal`. A step that does not listen to its
 * signal is not waited for: it looks first when it is called again.
 */
export async function callStep(
  step: Step,
  contextOf: (signal: AbortSignal) => Promise<StepContext>,
  options: unknown,
  signal: AbortSignal,
): Promise<StepCall> {
  const timeout = AbortSignal.timeout(step.timeoutS * 1000);
  const both = AbortSignal.any([signal, timeout]);
  const aborted = Promise.withResolvers<'aborted'>();
  const stop = () => aborted.resolve('aborted');
  both.addEventListener('abort', stop, { once: true });
  if (both.aborted) stop();
  try {
    const work = contextOf(both).then((context) => step.run(context, options));
    // A late failure of a step that was given up has nobody to go to.
    work.catch(() => undefined);
    const first = await Promise.race([work, aborted.promise]);
    if (first !== 'aborted') return { kind: 'result', result: first };
    return signal.aborted ? { kind: 'interrupted' } : { kind: 'error', error: tooLong(step) };
  } catch (thrown) {
    if (signal.aborted) return { kind: 'interrupted' };
    return { kind: 'error', error: timeout.aborted ? tooLong(step) : asMusterError(thrown) };
  } finally {
    both.removeEventListener('abort', stop);
  }
}

function tooLong(step: Step): MusterError {
  return new MusterError('STEP_TIMEOUT', `${step.name} did not end within ${step.timeoutS} s`);
}

import { z } from 'zod';
import { defineStep, type Step, type StepResult } from '../../src/core/step.ts';

/** What a scripted step says when it is done. */
export const DONE = { outcome: 'done', detail: 'x' } as const;

/** A plan of one step that does what `act` says, call by call. */
export function scripted(act: (call: number) => StepResult | Promise<StepResult>) {
  let calls = 0;
  const step: Step = defineStep({
    name: 'scripted',
    summary: 'x',
    options: z.unknown(),
    timeoutS: 5,
    run: async () => act(calls++),
  });
  return {
    steps: new Map([['scripted', step]]),
    plan: [{ step: 'scripted', options: {} }],
    calls: () => calls,
  };
}

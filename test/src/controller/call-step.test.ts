import { expect, test } from 'vitest';
import { z } from 'zod';
import { callStep } from '../../../src/controller/call-step.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { defineStep, type Step } from '../../../src/core/step.ts';
import { createScene } from '../../kit/run-scene.ts';

const never = new AbortController().signal;
const context = async () => createScene().context;

function stepOf(run: Step['run'], timeoutS = 5): Step {
  return defineStep({ name: 'x', summary: 'x', options: z.unknown(), timeoutS, run });
}

test('gives what the step gives', async () => {
  const result = { outcome: 'done', detail: 'x' } as const;
  expect(
    await callStep(
      stepOf(async () => result),
      context,
      {},
      never,
    ),
  ).toEqual({ kind: 'result', result });
});

test('a step that does not end has STEP_TIMEOUT, even when it does not listen to its signal', async () => {
  const call = await callStep(
    stepOf(() => new Promise(() => undefined), 0.05),
    context,
    {},
    never,
  );
  expect(call).toMatchObject({
    kind: 'error',
    error: { code: 'STEP_TIMEOUT', message: 'x did not end within 0.05 s' },
  });
});

test('a controller that stops interrupts the step, which says nothing about the step', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 10);
  const failing = stepOf(
    ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
  );
  expect(await callStep(failing, context, {}, stop.signal)).toEqual({ kind: 'interrupted' });
});

test('what is thrown is given as a MusterError', async () => {
  const mine = new MusterError('CA_REFUSED', 'no');
  expect(
    await callStep(
      stepOf(() => Promise.reject(mine)),
      context,
      {},
      never,
    ),
  ).toEqual({ kind: 'error', error: mine });
  const call = await callStep(
    stepOf(() => Promise.reject(new TypeError('oops'))),
    context,
    {},
    never,
  );
  expect(call).toMatchObject({ kind: 'error', error: { code: 'INTERNAL', message: 'oops' } });
});

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { loadPlugin } from '../../src/core/load.ts';
import type { RpcNode, Step, StepContext, StepResult } from '../../src/core/step.ts';

/** Where a step is tried. */
export interface StepScene {
  /** What the step sees; nodes and masters answer as real ones do. */
  readonly context: StepContext;
  /** How often something has been changed on a node or master so far. */
  changes(): number;
}

const MANY_LOOKS = 200;

/**
 * What every step must keep: its file's name, options that `{}` is enough for, a second run that changes nothing, an end
 * soon after its signal, and no error but MusterError. `scene` gives a fresh world, laid out as the plan leaves it before this step.
 */
export function stepConformance(file: URL, scene: () => Promise<StepScene>): void {
  const path = fileURLToPath(file);
  const name = basename(path).replace(/\.[a-z]+$/, '');
  const load = () => loadPlugin<Step>(path, 'run');

  test(`${name}: its name is that of its file, its summary is one line without a full stop`, async () => {
    const step = await load();
    expect(step.name).toBe(name);
    expect(step.summary).toMatch(/^[^\n]*[^\n.]$/);
    expect(step.timeoutS).toBeGreaterThan(0);
  });

  test(`${name}: {} is enough as options`, async () => {
    expect((await load()).options.safeParse({}).success).toBe(true);
  });

  test(`${name}: an unknown option is refused`, async () => {
    expect((await load()).options.safeParse({ no_such_option: 1 }).success).toBe(false);
  });

  test(`${name}: a second run changes nothing`, async () => {
    const step = await load();
    const { context, changes } = await scene();
    const options = step.options.parse({});
    await untilOver(step, context, options);
    const before = changes();
    const again = await untilOver(step, context, options);
    expect(again.outcome).toMatch(/done|skipped/);
    expect(changes()).toBe(before);
  });

  test(`${name}: ends within a second of its signal, with a MusterError`, async () => {
    const step = await load();
    const { context } = await scene();
    const stop = new AbortController();
    const mute = (node: RpcNode): RpcNode => ({ ...node, call: () => never(stop.signal) });
    const { node, master, masters } = context;
    const muted = {
      ...context,
      node: mute(node),
      master: mute(master),
      masters: masters.map(mute),
      signal: stop.signal,
    };
    const work = step.run(muted, step.options.parse({}));
    setTimeout(() => stop.abort(), 20);
    const late = new Promise((resolve) => setTimeout(resolve, 1000, 'late'));
    expect(await Promise.race([work.catch((thrown: unknown) => thrown instanceof MusterError), late])).toBe(
      true,
    );
  });

  test(`${name}: nobody answers: throws only MusterError`, async () => {
    const step = await load();
    const { context } = await scene();
    const dead = (node: RpcNode): RpcNode => ({
      ...node,
      call: () => Promise.reject(new MusterError('NODE_UNREACHABLE', `${node.identity}: no answer`)),
    });
    const { node, master, masters } = context;
    const thrown = await step
      .run(
        { ...context, node: dead(node), master: dead(master), masters: masters.map(dead) },
        step.options.parse({}),
      )
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(MusterError);
    expect(asMusterError(thrown).code).not.toBe('INTERNAL');
  });
}

/** Runs a step until it waits no more. */
export async function untilOver(
  step: Step,
  context: StepContext,
  options: unknown,
): Promise<Exclude<StepResult, { outcome: 'wait' }>> {
  for (let look = 0; look < MANY_LOOKS; look++) {
    const result = await step.run(context, options);
    if (result.outcome !== 'wait') return result;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('waits for ever');
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new MusterError('NODE_UNREACHABLE', 'stopped'));
    signal.addEventListener('abort', () => reject(new MusterError('NODE_UNREACHABLE', 'stopped')), {
      once: true,
    });
  });
}

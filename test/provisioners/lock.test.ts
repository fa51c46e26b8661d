import { describe, expect, test } from 'vitest';
import step from '../../provisioners/lock.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/lock.ts', import.meta.url), async () => sceneBefore());
});

test('locks for this run, and says so when the lock is its own already', async () => {
  const { context, node } = sceneBefore();
  expect(await untilOver(step, context, {})).toEqual({ outcome: 'done', detail: 'locked by i-1.aaaaaa' });
  expect(node.lock).toBe('i-1.aaaaaa');
  expect((await untilOver(step, context, {})).outcome).toBe('skipped');
});

test('refuses a node that another run holds', async () => {
  const { context, node } = sceneBefore();
  node.lock = 'another';
  await expect(step.run(context, {})).rejects.toMatchObject({ code: 'NODE_LOCKED' });
});

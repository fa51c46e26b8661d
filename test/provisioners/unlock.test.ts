import { describe, expect, test } from 'vitest';
import step from '../../provisioners/unlock.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.node.lock = 'i-1.aaaaaa';
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/unlock.ts', import.meta.url), async () => sceneBefore());
});

test("releases this run's lock and leaves another run's alone", async () => {
  const { context, node } = sceneBefore();
  expect((await untilOver(step, context, {})).outcome).toBe('done');
  expect(node.lock).toBeNull();
  node.lock = 'another';
  expect((await untilOver(step, context, {})).outcome).toBe('skipped');
  expect(node.lock).toBe('another');
});

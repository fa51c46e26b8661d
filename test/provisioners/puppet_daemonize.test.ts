import { describe, expect, test } from 'vitest';
import step from '../../provisioners/puppet_daemonize.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/puppet_daemonize.ts', import.meta.url), async () =>
    sceneBefore(),
  );
});

test('leaves a resident agent behind', async () => {
  const { context, node } = sceneBefore();
  expect((await untilOver(step, context, {})).outcome).toBe('done');
  expect(node.resident).toBe(true);
});

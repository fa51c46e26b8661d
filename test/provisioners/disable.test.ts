import { describe, expect, test } from 'vitest';
import step from '../../provisioners/disable.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/disable.ts', import.meta.url), async () => sceneBefore());
});

test('lets the node into production before it is told to go there', async () => {
  const { context, node, moves } = sceneBefore();
  expect((await untilOver(step, context, {})).outcome).toBe('done');
  expect(moves).toEqual(['mcollective']);
  expect(node).toMatchObject({ disabled: true, collective: 'mcollective' });
});

test('is skipped when provisioning is over, and still sees to the login', async () => {
  const { context, node, moves } = sceneBefore();
  node.disabled = true;
  expect((await untilOver(step, context, {})).outcome).toBe('skipped');
  expect(moves).toEqual(['mcollective']);
});

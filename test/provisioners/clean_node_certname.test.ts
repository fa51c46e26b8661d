import { describe, expect, test } from 'vitest';
import step from '../../provisioners/clean_node_certname.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.other.certs.set('i-1', { state: 'signed', spki: 'f'.repeat(64) });
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/clean_node_certname.ts', import.meta.url), async () =>
    sceneBefore(),
  );
});

test('cleans what another key left, on every master', async () => {
  const { context, master, other } = sceneBefore();
  master.certs.set('i-1', { state: 'requested', spki: 'e'.repeat(64) });
  expect(await untilOver(step, context, {})).toEqual({
    outcome: 'done',
    detail: 'cleaned on 2 of 2 masters',
  });
  expect([master.certs.size, other.certs.size]).toEqual([0, 0]);
});

test('is skipped when no master knows the name', async () => {
  const { context, other } = sceneBefore();
  other.certs.clear();
  expect(await untilOver(step, context, {})).toEqual({
    outcome: 'skipped',
    detail: 'no master knows the name',
  });
});

test("never touches what this run's own key holds", async () => {
  const { context, master, other, node, world } = sceneBefore();
  other.certs.clear();
  master.certs.set('i-1', { state: 'signed', spki: node.spki });
  expect(await untilOver(step, context, {})).toEqual({
    outcome: 'skipped',
    detail: "only this run's own key is known",
  });
  expect(world.calls).not.toContain('puppet-a puppetca#clean');
});

test('another master that does not answer is passed over, the chosen one is not', async () => {
  const { context, master, other } = sceneBefore();
  other.silent = true;
  expect((await untilOver(step, context, {})).detail).toBe('no master knows the name, 1 could not tell');
  master.server = 'unreachable';
  await expect(step.run(context, {})).rejects.toMatchObject({ code: 'MASTER_UNREACHABLE' });
});

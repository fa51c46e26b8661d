import { describe, expect, test } from 'vitest';
import step from '../../provisioners/sign_node_csr.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.master.certs.set('i-1', { state: 'requested', spki: scene.node.spki });
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/sign_node_csr.ts', import.meta.url), async () => sceneBefore());
});

test('signs the request that holds the claimed key', async () => {
  const { context, master } = sceneBefore();
  expect((await untilOver(step, context, { wait_s: 0 })).outcome).toBe('done');
  expect(master.certs.get('i-1')?.state).toBe('signed');
  expect((await untilOver(step, context, { wait_s: 0 })).outcome).toBe('skipped');
});

test('waits for a request that is late', async () => {
  const { context, master, node } = sceneBefore();
  master.certs.clear();
  setTimeout(() => master.certs.set('i-1', { state: 'requested', spki: node.spki }), 300);
  expect((await untilOver(step, context, { wait_s: 3 })).outcome).toBe('done');
});

test('no request: CSR_NOT_FOUND', async () => {
  const { context, master } = sceneBefore();
  master.certs.clear();
  await expect(step.run(context, { wait_s: 0 })).rejects.toMatchObject({ code: 'CSR_NOT_FOUND' });
});

test("a stranger's request is never signed, is dropped, and is told as CSR_MISMATCH", async () => {
  const { context, master, world } = sceneBefore();
  master.certs.set('i-1', { state: 'requested', spki: 'e'.repeat(64) });
  await expect(step.run(context, { wait_s: 0 })).rejects.toMatchObject({ code: 'CSR_MISMATCH' });
  expect(world.calls).not.toContain('puppet-a puppetca#sign');
  expect(master.certs.has('i-1')).toBe(false);
});

import { describe, expect, test } from 'vitest';
import step from '../../provisioners/send_node_csr.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.node.puppetIp = scene.master.facts.ipaddress ?? null;
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/send_node_csr.ts', import.meta.url), async () => sceneBefore());
});

const OPTIONS = { server: 'puppet', port: 8140 };

test("sends the node's request to the master", async () => {
  const { context, master, node } = sceneBefore();
  expect((await untilOver(step, context, OPTIONS)).outcome).toBe('done');
  expect(master.certs.get('i-1')).toEqual({ state: 'requested', spki: node.spki });
});

test('is skipped when the node holds a certificate of this master', async () => {
  const { context, master, node } = sceneBefore();
  master.certs.set('i-1', { state: 'signed', spki: node.spki });
  expect((await untilOver(step, context, OPTIONS)).outcome).toBe('skipped');
});

test('a request for another key than the node showed is a mismatch', async () => {
  const { context } = sceneBefore();
  const run = { ...context.run, puppetSpkiSha256: 'e'.repeat(64) };
  await expect(step.run({ ...context, run }, OPTIONS)).rejects.toMatchObject({ code: 'CSR_MISMATCH' });
});

test('a master whose Puppet Server does not run is told as such', async () => {
  const { context, master } = sceneBefore();
  master.server = 'starting';
  await expect(step.run(context, OPTIONS)).rejects.toMatchObject({ code: 'MASTER_UNREACHABLE' });
});

import { describe, expect, test } from 'vitest';
import step from '../../provisioners/set_puppet_hostname.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/set_puppet_hostname.ts', import.meta.url), async () =>
    sceneBefore(),
  );
});

const OPTIONS = { ipaddress_fact: 'ipaddress', hostname: 'puppet' };

test("points the node at the master's address", async () => {
  const { context, node } = sceneBefore();
  expect(await untilOver(step, context, OPTIONS)).toEqual({ outcome: 'done', detail: 'puppet is 192.0.2.1' });
  expect(node.puppetIp).toBe('192.0.2.1');
});

test('a master without the fact cannot serve the node', async () => {
  const { context } = sceneBefore();
  await expect(step.run(context, { ...OPTIONS, ipaddress_fact: 'ec2_local_ipv4' })).rejects.toMatchObject({
    code: 'NO_MASTER',
  });
});

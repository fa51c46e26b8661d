import { describe, expect, test } from 'vitest';
import step from '../../provisioners/puppet_bootstrap_stage.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.node.puppetIp = scene.master.facts.ipaddress ?? null;
  return scene;
}

describe('conformance', () => {
  stepConformance(new URL('../../provisioners/puppet_bootstrap_stage.ts', import.meta.url), async () =>
    sceneBefore(),
  );
});

const OPTIONS = { environment: 'bootstrap', timeout_s: 60 };

test('starts one run under a name of its own, waits while it goes on, and tells what Puppet took', async () => {
  const { context, node } = sceneBefore();
  expect(await step.run(context, OPTIONS)).toMatchObject({ outcome: 'wait', retryInS: 5 });
  const result = await untilOver(step, context, OPTIONS);
  expect(result.outcome).toBe('done');
  expect(result.puppetMs).toBeGreaterThan(0);
  expect([...node.runs.keys()]).toEqual([expect.stringMatching(/^i-1\.aaaaaa\.bootstrap\.0\.[0-9a-f]{6}$/)]);
});

test('another retry and another master are other runs', async () => {
  const { context, node } = sceneBefore();
  await untilOver(step, context, OPTIONS);
  await untilOver(step, { ...context, run: { ...context.run, retries: 1 } }, OPTIONS);
  await untilOver(step, { ...context, master: context.masters[1] ?? context.master }, OPTIONS);
  expect(node.runs.size).toBe(3);
});

test.each([
  [4, 'PUPPET_FAILED'],
  [1, 'PUPPET_FAILED'],
  [124, 'PUPPET_TIMEOUT'],
])('exit code %i is %s, with failed resources and last lines', async (exitcode, code) => {
  const { context, node } = sceneBefore();
  node.exitcode = () => exitcode;
  const thrown = await untilOver(step, context, OPTIONS).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code });
  expect((thrown as { details: string[] }).details).toContain('File[/etc/motd]: no such directory');
});

import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/core/step.ts';
import { stepConformance, untilOver } from '../conformance/step.ts';
import { createScene } from '../kit/run-scene.ts';

function sceneBefore() {
  const scene = createScene();
  scene.node.puppetIp = scene.master.facts.ipaddress ?? null;
  return scene;
}

/**
 * What a step keeps that runs Puppet once in this environment, beside what every step must keep. `word` is what the names of
 * its runs call it: `<run of the job>.<word>.<retry>.<six hex digits>`.
 */
export function puppetRunStep(step: Step, file: URL, environment: string, word: string): void {
  const options = { environment, timeout_s: 60 };

  describe('conformance', () => {
    stepConformance(file, async () => sceneBefore());
  });

  test('starts one run under a name of its own, waits while it goes on, and tells what Puppet took', async () => {
    const { context, node } = sceneBefore();
    expect(await step.run(context, options)).toMatchObject({ outcome: 'wait', retryInS: 5 });
    const result = await untilOver(step, context, options);
    expect(result.outcome).toBe('done');
    expect(result.puppetMs).toBeGreaterThan(0);
    const name = new RegExp(`^i-1\\.aaaaaa\\.${word}\\.0\\.[0-9a-f]{6}$`);
    expect([...node.runs.keys()]).toEqual([expect.stringMatching(name)]);
  });

  test('another retry and another master are other runs', async () => {
    const { context, node } = sceneBefore();
    await untilOver(step, context, options);
    await untilOver(step, { ...context, run: { ...context.run, retries: 1 } }, options);
    await untilOver(step, { ...context, master: context.masters[1] ?? context.master }, options);
    expect(node.runs.size).toBe(3);
  });

  test.each([
    [4, 'PUPPET_FAILED'],
    [1, 'PUPPET_FAILED'],
    [124, 'PUPPET_TIMEOUT'],
  ])('exit code %i is %s, with failed resources and last lines', async (exitcode, code) => {
    const { context, node } = sceneBefore();
    node.exitcode = () => exitcode;
    const thrown = await untilOver(step, context, options).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code });
    expect((thrown as { details: string[] }).details).toContain('File[/etc/motd]: no such directory');
  });
}

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { onEvent } from '../../../src/controller/events.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { defineStep } from '../../../src/core/step.ts';
import { engineScene } from '../../kit/engine-scene.ts';
import { overJob, testConfig, testRun } from '../../kit/run-fakes.ts';
import { DONE, scripted } from '../../kit/scripted.ts';

const { engineOf, worldOf } = engineScene();

describe('a run', () => {
  test('is walked from hello to the production collective, each step recorded once', async () => {
    const world = worldOf(['i-1.example.org']);
    const engine = await engineOf({ world });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1.example.org'));
    const { data } = await overJob(engine, 'i-1.aaaaaa');
    expect(data.error).toBeNull();
    expect(data.outcome).toBe('provisioned');
    expect(data.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'lock done',
      'set_puppet_hostname done',
      'clean_node_certname skipped',
      'send_node_csr done',
      'sign_node_csr done',
      'puppet_bootstrap_stage done',
      'puppet_final_run done',
      'disable done',
    ]);
    expect(data.collectives).toEqual(['mcollective']);
    expect(world.nodes.get('i-1.example.org')).toMatchObject({ disabled: true, collective: 'mcollective' });
    expect(data.master).toBe('puppet-a');
    expect(data.masterReason).toMatch(/1 of 1 healthy/);
  });

  test('is woken by the end of its Puppet run and does not wait for the next look', async () => {
    const world = worldOf(['i-1']);
    const engine = await engineOf({ world });
    const startMs = Date.now();
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1'));
    const { attemptsMade, data } = await overJob(engine, 'i-1.aaaaaa');
    expect(Date.now() - startMs).toBeLessThan(4000);
    expect(attemptsMade).toBeLessThanOrEqual(1);
    expect(data.steps.every((step) => step.attempts === 1)).toBe(true);
  });
});

describe('a step', () => {
  test('that fails with something that may pass is tried again, alone, after a back-off', async () => {
    const world = worldOf(['i-1']);
    const { steps, plan } = scripted((call) => {
      if (call < 2) throw new MusterError('NODE_LOCKED', 'held');
      return DONE;
    });
    const engine = await engineOf({ world, steps });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan }));
    const { data } = await overJob(engine, 'i-1.aaaaaa');
    expect(data.outcome).toBe('provisioned');
    expect(data.steps).toMatchObject([{ outcome: 'done', attempts: 3 }]);
  });

  test('whose attempts are spent fails the run with its code, its step and its last lines', async () => {
    const world = worldOf(['i-1']);
    const { steps, plan, calls } = scripted(() => {
      throw new MusterError('NODE_LOCKED', 'held by another', { details: ['line 1'] });
    });
    const engine = await engineOf({ world, steps, config: testConfig({ runs: { attempts: 3 } }) });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan }));
    const { data } = await overJob(engine, 'i-1.aaaaaa');
    expect(data.error).toEqual({
      code: 'NODE_LOCKED',
      message: 'held by another',
      step: 'scripted',
      lastLines: ['line 1'],
    });
    expect(calls()).toBe(3);
  });

  test('that waits spends no attempt, however often', async () => {
    const world = worldOf(['i-1']);
    const { steps, plan } = scripted((call) =>
      call < 12 ? { outcome: 'wait', detail: `look ${call}`, retryInS: 0.02 } : DONE,
    );
    const engine = await engineOf({ world, steps, config: testConfig({ runs: { attempts: 1 } }) });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan }));
    const { data, attemptsMade } = await overJob(engine, 'i-1.aaaaaa');
    expect(data.steps).toMatchObject([{ outcome: 'done', attempts: 1 }]);
    expect(attemptsMade).toBeLessThanOrEqual(1);
  });

  test('that waits for long goes on when its node tells that its Puppet run ended, and only then', async () => {
    const world = worldOf(['i-1']);
    const { steps, plan, calls } = scripted((call) =>
      call === 0 ? { outcome: 'wait', detail: 'x', retryInS: 600 } : DONE,
    );
    const engine = await engineOf({ world, steps });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan }));
    while (calls() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const event = { kind: 'puppet_run_ended', run: 'i-1.aaaaaa.final.0.abcdef', exitcode: 0 } as const;
    await onEvent(event, { name: 'i-2', role: 'node' }, engine);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls()).toBe(1);
    await onEvent(event, { name: 'i-1', role: 'node' }, engine);
    expect((await overJob(engine, 'i-1.aaaaaa', 5000)).data.outcome).toBe('provisioned');
  });

  test('that hangs is given up after its time', async () => {
    const world = worldOf(['i-1']);
    const hanging = defineStep({
      name: 'scripted',
      summary: 'x',
      options: z.unknown(),
      timeoutS: 0.05,
      run: () => new Promise<never>(() => undefined),
    });
    const engine = await engineOf({
      world,
      steps: new Map([['scripted', hanging]]),
      config: testConfig({ runs: { attempts: 2 } }),
    });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan: [{ step: 'scripted', options: {} }] }));
    expect((await overJob(engine, 'i-1.aaaaaa')).data.error).toMatchObject({
      code: 'STEP_TIMEOUT',
      step: 'scripted',
    });
  });
});

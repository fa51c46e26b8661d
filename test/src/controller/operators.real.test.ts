import { describe, expect, test } from 'vitest';
import { createCommands } from '../../../src/controller/commands.ts';
import { createRecords } from '../../../src/controller/records.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { engineScene } from '../../kit/engine-scene.ts';
import { overJob, testConfig, testRun } from '../../kit/run-fakes.ts';
import { DONE, scripted } from '../../kit/scripted.ts';

const { door, engineOf, worldOf } = engineScene();

describe('operators', () => {
  test('see runs, find them by any name, and retry a failed one from its step', async () => {
    const world = worldOf(['i-1.example.org', 'i-12.example.org']);
    let broken = true;
    const { steps, plan } = scripted(() => {
      if (broken) throw new MusterError('CA_REFUSED', 'no');
      return DONE;
    });
    const inRedis = await door();
    const engine = await engineOf({ door: inRedis, world, steps });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1.example.org', { plan }));
    await engine.runs.add('i-12.bbbbbb', testRun(world, 'i-12.example.org', { plan }));
    await Promise.all([overJob(engine, 'i-1.aaaaaa'), overJob(engine, 'i-12.bbbbbb')]);
    const records = createRecords(engine.runs);
    expect((await records.listRuns({ state: 'failed' })).map(({ id }) => id).sort()).toEqual([
      'i-1.aaaaaa',
      'i-12.bbbbbb',
    ]);
    for (const name of ['i-1', 'i-1.aaaaaa', 'i-1.example.org', 'i-1.aaa'])
      expect((await records.findRun(name)).id).toBe('i-1.aaaaaa');
    await expect(records.findRun('i-9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(records.findRun('i')).rejects.toMatchObject({ code: 'USAGE' });
    const config = { ...testConfig(), plan };
    const commands = createCommands({ door: inRedis, runs: engine.runs, config, clock: systemClock });
    await expect(commands.retryRun('i-1.aaaaaa', { from: 'scriptde' })).rejects.toThrow(
      "(did you mean 'scripted'?); its steps: scripted",
    );
    broken = false;
    const outcomes = await Promise.allSettled([
      commands.retryRun('i-1.aaaaaa'),
      commands.retryRun('i-1.aaaaaa'),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const seen: string[] = [];
    for await (const record of records.watchRun('i-1.aaaaaa', AbortSignal.timeout(10_000)))
      seen.push(record.state);
    expect(seen.at(-1)).toBe('provisioned');
    const record = await records.findRun('i-1');
    expect(record).toMatchObject({ retries: 1, step: null, error: null });
    expect(record.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'done']);
    await expect(commands.retryRun('i-1.aaaaaa')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a run that takes longer than its deadline fails as RUN_EXPIRED', async () => {
    const world = worldOf(['i-1']);
    const { steps, plan } = scripted(() => ({ outcome: 'wait', detail: 'x', retryInS: 600 }));
    const config = testConfig();
    const engine = await engineOf({
      world,
      steps,
      config: { ...config, runs: { ...config.runs, deadline_s: 0.6 } },
    });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1', { plan }));
    expect((await overJob(engine, 'i-1.aaaaaa')).data.error).toMatchObject({
      code: 'RUN_EXPIRED',
      step: 'scripted',
    });
  });
});

import { expect, test } from 'vitest';
import { addedMs, type RunRecord, type StepRecord } from '../../../src/core/record.ts';

function step(name: string, puppetMs: number): StepRecord {
  return { step: name, outcome: 'done', detail: '', startedAtMs: 0, endedAtMs: 1, puppetMs, attempts: 1 };
}

function run(changes: Partial<RunRecord>): RunRecord {
  return {
    id: 'i-1.1',
    instanceId: 'i-1',
    identity: 'i-1.example.org',
    group: 'web',
    region: 'eu-west-1',
    state: 'provisioned',
    step: null,
    steps: [],
    master: 'puppet1',
    masterReason: 'same region',
    retries: 0,
    helloAtMs: 1_000,
    endedAtMs: 61_000,
    error: null,
    ...changes,
  };
}

test('what Muster adds is the time from hello to the end without what Puppet took', () => {
  const steps = [step('lock', 0), step('puppet_bootstrap_stage', 30_000), step('puppet_final_run', 20_000)];
  expect(addedMs(run({ steps }))).toBe(10_000);
});

test('a run in which Puppet did nothing was all Muster', () => {
  expect(addedMs(run({ state: 'failed' }))).toBe(60_000);
});

test('as long as a run goes on, nobody knows', () => {
  expect(addedMs(run({ state: 'active', step: 'lock', endedAtMs: null }))).toBeNull();
});

import { describe, expect, it } from 'vitest';
import { runsTable, timeline } from '../../../src/cli/lib/timeline.ts';
import type { RunRecord } from '../../../src/core/record.ts';

const HELLO_MS = Date.UTC(2026, 0, 1);

function run(over: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'i-0abc.123456',
    instanceId: 'i-0abc',
    identity: 'i-0abc.lab.test',
    group: 'web',
    region: 'eu-west-1',
    state: 'provisioned',
    step: null,
    steps: [
      {
        step: 'lock',
        outcome: 'done',
        detail: 'locked',
        startedAtMs: HELLO_MS + 100,
        endedAtMs: HELLO_MS + 150,
        puppetMs: 0,
        attempts: 1,
      },
      {
        step: 'puppet_bootstrap_stage',
        outcome: 'done',
        detail: 'applied bootstrap',
        startedAtMs: HELLO_MS + 1000,
        endedAtMs: HELLO_MS + 4000,
        puppetMs: 2500,
        attempts: 2,
      },
    ],
    master: 'puppet-eu.lab.test',
    masterReason: 'same ec2_placement_region eu-west-1',
    retries: 0,
    helloAtMs: HELLO_MS,
    endedAtMs: HELLO_MS + 4000,
    error: null,
    ...over,
  };
}

describe('the timeline of a run', () => {
  it('tells node, master and why, every step with its time, and what Muster added to Puppet', () => {
    expect(timeline(run(), HELLO_MS + 9000)).toBe(
      [
        'i-0abc.123456  provisioned after 4.0 s, of which Puppet 2.5 s and Muster 1.5 s',
        '  node    i-0abc.lab.test  (instance i-0abc, group web, region eu-west-1)',
        '  master  puppet-eu.lab.test: same ec2_placement_region eu-west-1',
        '  hello   2026-01-01T00:00:00.000Z',
        '',
        '    +0.1 s  ✓ lock                        0.1 s  locked',
        '    +1.0 s  ✓ puppet_bootstrap_stage      3.0 s  applied bootstrap (try 2)',
      ].join('\n'),
    );
  });

  it('of a failed run tells code, cause, next step, how to retry and the last lines', () => {
    const text = timeline(
      run({
        state: 'failed',
        step: 'puppet_final_run',
        error: {
          code: 'PUPPET_FAILED',
          message: 'File[/etc/motd] failed',
          step: 'puppet_final_run',
          lastLines: ['Error: no space'],
        },
      }),
      HELLO_MS,
    );
    expect(text).toContain('PUPPET_FAILED in puppet_final_run: File[/etc/motd] failed');
    expect(text).toContain('next    Mend the manifest, then `muster run retry`');
    expect(text).toContain('retry   muster run retry i-0abc.123456');
    expect(text).toContain('| Error: no space');
  });
});

describe('the table of runs', () => {
  it('has a line a run, with the time since hello for one that goes on', () => {
    const going = run({ state: 'delayed', step: 'puppet_final_run', endedAtMs: null });
    const lines = runsTable([going], HELLO_MS + 12_300).split('\n');
    expect(lines[0]).toMatch(/^RUN +NODE +REGION +MASTER +STATE +STEP +TOOK/);
    expect(lines[1]).toContain('delayed');
    expect(lines[1]).toContain('puppet_final_run');
    expect(lines[1]).toContain('12.3 s');
  });
});

import { expect, test } from 'vitest';
import { runIdIn } from '../../../src/controller/events.ts';
import { cut, noticeText, sayMs } from '../../../src/controller/notice-text.ts';
import { recipientKey } from '../../../src/controller/recipient-key.ts';
import type { RunRecord } from '../../../src/core/record.ts';

const RUN: RunRecord = {
  ...{
    id: 'i-0abc.1a2b3c',
    instanceId: 'i-0abc',
    identity: 'i-0abc.example.org',
    group: 'web',
    region: 'eu-west-1',
  },
  ...{
    state: 'provisioned',
    step: null,
    master: 'puppet-eu',
    masterReason: 'same ec2_placement_region eu-west-1, 1 of 2 healthy',
    retries: 0,
  },
  ...{ helloAtMs: 1000, endedAtMs: 186_000, error: null },
  steps: [
    {
      step: 'lock',
      outcome: 'done',
      detail: 'locked',
      startedAtMs: 1000,
      endedAtMs: 1040,
      puppetMs: 0,
      attempts: 1,
    },
    {
      step: 'puppet_final_run',
      outcome: 'done',
      detail: 'production applied',
      startedAtMs: 2000,
      endedAtMs: 185_000,
      puppetMs: 180_000,
      attempts: 2,
    },
  ],
};

test('a provisioned node: region, master and why, times, and what Muster added', () => {
  const { level, subject, body } = noticeText(RUN);
  expect(level).toBe('info');
  expect(subject).toBe('Provisioned i-0abc.example.org in eu-west-1 against puppet-eu in 3 min 5 s');
  expect(body).toContain('Master    puppet-eu: same ec2_placement_region eu-west-1, 1 of 2 healthy');
  expect(body).toContain('Took      3 min 5 s: Puppet 3 min 0 s, Muster 5.0 s');
  expect(body).toMatch(/puppet_final_run +done +3 min 3 s {2}production applied \(2 tries\)/);
});

test('a failure: cause, step, last lines and the command to retry, what matters first', () => {
  const error = {
    code: 'PUPPET_FAILED',
    message: 'exit code 4: File[/etc/motd]: no',
    step: 'puppet_final_run',
    lastLines: ['Error: no'],
  } as const;
  const { level, subject, body } = noticeText({ ...RUN, state: 'failed', error });
  expect(level).toBe('failure');
  expect(subject).toBe('FAILED i-0abc.example.org in eu-west-1: PUPPET_FAILED at puppet_final_run');
  const lines = body.split('\n');
  expect(lines[0]).toBe('Cause     PUPPET_FAILED: The Puppet run ended with failures');
  expect(lines.slice(0, 6)).toContain('Retry     muster run retry i-0abc.1a2b3c');
  expect(body).toContain('  Error: no');
});

test('texts are cut by characters, with a mark', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('😀😀', 2)).toBe('😀😀');
  expect([sayMs(340), sayMs(12_345), sayMs(185_000)]).toEqual(['340 ms', '12.3 s', '3 min 5 s']);
});

test('masked recipients show neither passwords nor paths nor queries', () => {
  expect(recipientKey('mailto:a@b')).toMatch(/^[0-9a-f]{16}$/);
});

test('the run id stands at the beginning of the name of a Puppet run', () => {
  expect(runIdIn('i-0abc.1a2b3c.final.0.abcdef')).toBe('i-0abc.1a2b3c');
  expect(runIdIn('i-0abc.1a2b3c')).toBe('i-0abc.1a2b3c');
  expect(runIdIn('operator-run-7')).toBeNull();
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type PuppetReport, readReport } from '../../agent/puppet/report.ts';
import { type EndedRun, judge } from '../../agent/puppet/verdict.ts';

const START_MS = 1_700_000_000_000;
const report: PuppetReport = {
  environment: 'production',
  status: 'changed',
  timeMs: START_MS + 500,
  resources: null,
  failed: [],
  errors: [],
  logs: [],
};

function ended(changes: Partial<EndedRun>): EndedRun {
  return {
    environment: 'production',
    timeoutS: 60,
    startedAtMs: START_MS,
    exitcode: 0,
    report,
    output: '',
    ...changes,
  };
}

describe('The verdict on a Puppet run', () => {
  test.each([0, 2])('is good for exit code %i with a report of this run', (exitcode) => {
    expect(judge(ended({ exitcode }))).toEqual({ verdict: 'good', reason: null });
  });

  test.each([1, 4, 6])('is bad for exit code %i', (exitcode) => {
    expect(judge(ended({ exitcode })).verdict).toBe('bad');
  });

  test.each([124, 137])('names the time-out for exit code %i', (exitcode) => {
    expect(judge(ended({ exitcode, report: null })).reason).toMatch(/^PUPPET_TIMEOUT: .* 60 s$/);
  });

  test('is bad when Puppet fell back to another environment although it exits with 2', () => {
    const { verdict, reason } = judge(ended({ exitcode: 2, environment: 'bootstrap' }));
    expect(verdict).toBe('bad');
    expect(reason).toContain('applied the environment production, not bootstrap');
  });

  test('is bad when the report is missing, or older than the run', () => {
    expect(judge(ended({ report: null })).reason).toContain('no report of this run');
    expect(judge(ended({ report: { ...report, timeMs: START_MS - 10_000 } })).reason).toContain(
      'no report of this run',
    );
  });

  test('is bad when the run left no exit code', () => {
    expect(judge(ended({ exitcode: null })).reason).toContain('killed');
  });

  test('names the failed resource, else the first error that Puppet said', () => {
    const failed = [
      { resource: 'Exec[a]', message: 'returned 1' },
      { resource: 'Exec[b]', message: 'x' },
    ];
    expect(judge(ended({ exitcode: 6, report: { ...report, failed } })).reason).toBe(
      'exit code 6: Exec[a]: returned 1 (and 1 more)',
    );
    const output = 'Error: Facter: x\nError: Could not retrieve catalog\nError: skipping run\n';
    expect(judge(ended({ exitcode: 1, report: null, output })).reason).toBe(
      'exit code 1: Error: Could not retrieve catalog',
    );
  });
});

describe('A report of Puppet 7.23 (written by puppet apply, with failures)', () => {
  const path = join(import.meta.dirname, 'fixtures', 'failed-report.psych');

  test('gives environment, status and start', async () => {
    const read = await readReport(path);
    expect(read).toMatchObject({ environment: 'production', status: 'failed' });
    expect(read.timeMs).toBe(Date.parse('2026-11-21T07:34:31.827Z'));
  });

  test('gives the failed resources with their messages, also one whose long name makes a complex key', async () => {
    const { failed } = await readReport(path);
    expect(failed.map(({ resource }) => resource.slice(0, 26))).toEqual([
      'Exec[/bin/false]',
      'File[/nonexistent/dir/x]',
      'Exec[a-very-long-title-tha',
    ]);
    expect(failed[0]?.message).toBe(
      "change from 'notrun' to ['0'] failed: '/bin/false' returned 1 instead of one of [0]",
    );
    expect(failed[2]?.message).toContain('returned 3');
  });

  test('gives the errors of the log', async () => {
    const { errors } = await readReport(path);
    expect(errors[0]).toBe("'/bin/false' returned 1 instead of one of [0]");
    expect(errors.some((error) => error.includes('\n'))).toBe(true);
  });

  test('gives how many resources there were of each kind, and as many log lines as are asked for', async () => {
    const { resources, logs } = await readReport(path, { maxLogs: 2 });
    expect(resources).toMatchObject({ failed: 3, changed: 1 });
    expect(logs).toEqual([
      {
        ...{ time: '2026-11-21T08:03:30.800052536+00:00', level: 'notice' },
        source: '/Stage[main]/Main/File[/tmp/pr/ok.txt]/ensure',
        message: expect.stringContaining('defined content as'),
      },
      expect.objectContaining({ level: 'err', source: 'Puppet' }),
    ]);
    expect((await readReport(path)).logs).toEqual([]);
  });

  test('is no report when the file is something else', async () => {
    expect(await readReport(join(import.meta.dirname, 'verdict.test.ts'))).toMatchObject({
      environment: null,
      failed: [],
    });
  });
});

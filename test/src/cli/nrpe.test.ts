import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../agent/agents/nrpe.ddl.ts';
import {
  type CheckAsked,
  checkLines,
  nagiosFailure,
  nagiosReport,
  nodeChecks,
} from '../../../src/cli/lib/nrpe-text.ts';

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

function asked(codes: readonly (0 | 1 | 2 | 3 | 'failed')[], silent: readonly string[] = []): CheckAsked {
  const replies = codes.map((code, index) => {
    const identity = `web${index + 1}`;
    if (code === 'failed') return { identity, status: 1, message: 'no such command: check_load', data: null };
    const state = STATES[code];
    const data: CheckResult = {
      command: 'check_load',
      exitcode: code,
      state,
      output: `${state} - it`,
      perfdata: '',
    };
    return { identity, status: 0, message: 'OK', data };
  });
  return { replies, silent, interrupted: null, tookMs: 216.5 };
}

const report = (of: CheckAsked) => nagiosReport('check_load', nodeChecks(of), of.tookMs);

describe('muster nrpe', () => {
  test('prints what is wrong, and how often each state was found', () => {
    const nodes = nodeChecks(asked([0, 1, 0, 'failed'], ['web9']));
    expect(checkLines('check_load', nodes, false)).toEqual([
      `${'web2'.padEnd(40)} status=WARNING`,
      '    WARNING - it',
      '',
      `${'web4'.padEnd(40)} status=UNKNOWN`,
      '    no such command: check_load',
      '',
      'Summary of check_load:',
      '',
      '           OK : 2',
      '      UNKNOWN : 2',
      '      WARNING : 1',
      '     CRITICAL : 0',
      '',
    ]);
  });

  test('prints all with --verbose', () => {
    const lines = checkLines('check_load', nodeChecks(asked([0])), true);
    expect(lines.slice(0, 2)).toEqual([`${'web1'.padEnd(40)} status=OK`, '    OK - it']);
  });

  test('lets no node steer the terminal', () => {
    const { replies } = asked(['failed']);
    const nodes = nodeChecks({
      ...asked([]),
      replies: replies.map((reply) => ({ ...reply, message: 'a\x1b[2Jb' })),
    });
    expect(checkLines('check_load', nodes, false)[1]).toBe('    ab');
  });
});

describe('muster nrpe --nagios', () => {
  test('is one line with counts and performance data, then the nodes of each bad state', () => {
    expect(report(asked([0, 1, 2, 3, 2], ['web9']))).toEqual({
      lines: [
        'check_load: OK: 1 WARNING: 1 CRITICAL: 2 UNKNOWN: 2|total=6 ok=1 warn=1 crit=2 unknown=2 checktime=0.216500',
        ...['CRITICAL:', '   web3 web5', 'WARNING:', '   web2', 'UNKNOWN:', '   web4 web9'],
      ],
      exitCode: 2,
    });
  });

  test.each([
    [[0, 0], [], 0],
    [[0, 1], [], 1],
    [[1, 3], [], 3],
    [[2, 3], [], 2],
    [[0, 'failed'], [], 3],
    [[0], ['web9'], 3],
    [[2], ['web9'], 2],
    [[], ['web9'], 3],
  ] as const)('%j with silent %j gives exit code %i', (codes, silent, exitCode) => {
    expect(report(asked(codes, silent)).exitCode).toBe(exitCode);
  });

  test('nodes that were not asked any more are UNKNOWN', () => {
    const interrupted = { notAsked: ['web9'] };
    expect(report({ ...asked([0]), interrupted })).toMatchObject({
      lines: [
        expect.stringContaining('OK: 1 WARNING: 0 CRITICAL: 0 UNKNOWN: 1|total=2'),
        'UNKNOWN:',
        '   web9',
      ],
      exitCode: 3,
    });
  });

  test('is UNKNOWN when there is nobody to ask', () => {
    expect(report(asked([]))).toEqual({
      lines: ['check_load: UNKNOWN: no nodes match the filters'],
      exitCode: 3,
    });
  });

  test('tells a failure in one line without performance data', () => {
    expect(nagiosFailure('check_load', 'BROKER_UNREACHABLE', 'a | b\nc')).toBe(
      'check_load: UNKNOWN: BROKER_UNREACHABLE: a   b c',
    );
  });
});

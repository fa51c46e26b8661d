import { describe, expect, test } from 'vitest';
import { puppet } from '../../../agent/agents/puppet.ddl.ts';
import type { AskReply } from '../../../src/bus/ask.ts';
import { appSummary } from '../../../src/cli/lib/app-output.ts';
import { nodeLines } from '../../../src/cli/lib/apps.ts';
import { distributionLine } from '../../../src/cli/lib/distribution.ts';
import { countLines, runLine, runOnceInput, summaryLines } from '../../../src/cli/lib/puppet-app.ts';
import { twoOrders } from '../../../src/cli/lib/two-orders.ts';

const reply = <O>(identity: string, data: O | null, message = 'OK'): AskReply<O> => ({
  ...{ identity, role: 'node', status: data === null ? 1 : 0, code: null },
  ...{ message, data },
});
const status = (changes: object) => ({
  ...{ applying: false, idling: false, enabled: true, daemon_present: true, lastrun: 1, since_lastrun: 2 },
  ...{ status: 'stopped' as const, disable_message: '', message: '' },
  ...changes,
});

const NEVER = {
  ...{ total_resources: 0, out_of_sync_resources: 0, failed_resources: 0, changed_resources: 0 },
  ...{ corrected_resources: 0, config_retrieval_time: 0, total_time: 0, config_version: 'unknown' },
  ...{ lastrun: 0, since_lastrun: 1_795_272_575, type_distribution: {}, logs: [], summary: {} },
};

describe('NAME ACTION and ACTION NAME', () => {
  const known = {
    actions: ['install', 'status', 'apt_update'],
    lone: ['apt_update'],
    what: 'package',
  } as const;
  const meant = (...words: [string, string?]) => twoOrders([words[0], words[1]], known);

  test('mean the same', () => {
    expect(meant('nginx', 'install')).toEqual({ action: 'install', name: 'nginx' });
    expect(meant('install', 'nginx')).toEqual({ action: 'install', name: 'nginx' });
    expect(meant('status', 'status')).toEqual({ action: 'status', name: 'status' });
    expect(meant('apt_update')).toEqual({ action: 'apt_update', name: null });
  });
  test('with anything else are refused, with what was expected', () => {
    expect(() => meant('nginx', 'instal')).toThrow(
      "'nginx instal' names no action (did you mean 'install'?); expected one of install",
    );
    expect(() => meant('nginx')).toThrow("'nginx' names no action");
    expect(() => meant('install')).toThrow('install which package? e.g. install NAME');
    expect(() => meant('apt_update', 'nginx')).toThrow("apt_update takes no package; 'nginx' is too much");
  });
});

describe('The lines of an application', () => {
  const replies: AskReply<{ enabled: boolean }>[] = [
    reply('a', { enabled: true }),
    reply('long.name', { enabled: true }),
    reply<{ enabled: boolean }>('c', null, 'no\nway'),
  ];

  test('show a line a node when it asks, and only what failed when it changes', () => {
    expect(nodeLines(replies, ({ enabled }) => String(enabled))).toEqual([
      '           a: true',
      '   long.name: true',
      '           c: no\n              way',
      '',
    ]);
    expect(nodeLines(replies, null)).toEqual(['   c: no\n      way', '']);
    expect(nodeLines(replies.slice(0, 2), null)).toEqual([]);
  });

  test('sum up what the DDL says, the most frequent first', () => {
    const many = ['bad', 'good', 'good'].map((verdict, at) =>
      reply(`n${at}`, { state: 'finished', verdict }),
    );
    expect(appSummary(puppet, 'run_status', many).join('\n')).toBe(
      'Summary of State:\n\n   finished = 3\n\nSummary of Verdict:\n\n   good = 2\n    bad = 1\n',
    );
    const times = [1, 2].map((total_time, at) => reply(`n${at}`, { total_time }));
    expect(appSummary(puppet, 'last_run_summary', times)).toContain('   Average of Total Time: 1.500000');
    expect(appSummary(puppet, 'status', [])).toEqual([]);
  });
});

describe('A sparkline', () => {
  test('shows how numbers are distributed, with least, mean and greatest', () => {
    expect(distributionLine([])).toBe('');
    expect(distributionLine([5])).toBe('█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  min: 5.0    avg: 5.0    max: 5.0');
    expect(distributionLine([0, 0, 0, 0, 2000])).toBe(
      '█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▃  min: 0.0    avg: 400.0  max: 2.0k',
    );
    const [bars = ''] = distributionLine([...new Array<number>(99).fill(1), 2_000_000]).split(' ');
    expect(bars.endsWith('▂')).toBe(true);
  });
});

describe('muster puppet', () => {
  const common = { timeout: '5' };

  test('hands over what was typed and nothing else', () => {
    expect(runOnceInput(common, 'r')).toEqual({ run: 'r' });
    const typed = {
      ...common,
      noop: false,
      splay: false,
      tags: 'a',
      splaylimit: '9',
      ignoreschedules: true,
    } as const;
    expect(runOnceInput(typed, 'r')).toEqual({
      ...{ run: 'r', noop: false, splay: false, tags: 'a', splaylimit: 9, ignoreschedules: true },
    });
    expect(() => runOnceInput({ ...common, force: true, splay: true }, 'r')).toThrow('--force runs at once');
    expect(() => runOnceInput({ ...common, splaylimit: 'x' }, 'r')).toThrow(
      "--splaylimit is 'x'; expected whole seconds from 0 to 86400",
    );
  });

  test('tells in a line how a run ended', () => {
    const run = {
      ...{ run: 'r', state: 'finished' as const, verdict: 'good' as const, reason: null, exitcode: 2 },
      ...{ environment: 'production', resources: { total: 9, changed: 3, failed: 0 }, failed_resources: [] },
      ...{ output: '', started_at_ms: 1000, ended_at_ms: 3500 },
    };
    expect(runLine(run)).toBe('good (exit code 2, production, 3 changed, 0 failed of 9, 2.5 s)');
    expect(
      runLine({ ...run, verdict: 'bad', reason: 'exit code 1', environment: null, resources: null }),
    ).toBe('bad: exit code 1 (no report, 0 changed, 0 failed of 0, 2.5 s)');
    expect(runLine({ ...run, state: 'running', verdict: null })).toBe('running');
  });

  test('counts nodes, and shows distributions', () => {
    const lines = countLines([
      status({}),
      status({ enabled: false, idling: true }),
      status({ applying: true }),
    ]);
    expect(lines.join('\n')).toBe(
      [
        'Total Puppet nodes: 3',
        '',
        '          Nodes currently enabled: 2',
        '         Nodes currently disabled: 1',
        '',
        'Nodes currently doing puppet runs: 1',
        '          Nodes currently stopped: 2',
        '',
        '       Nodes with daemons started: 3',
        '    Nodes without daemons started: 0',
        '       Daemons started but idling: 1',
        '',
      ].join('\n'),
    );
    expect(summaryLines([])[0]).toBe('Summary statistics for 0 nodes:');
  });

  test('where Puppet never ran, no time since the last run is told', () => {
    const since = (runs: Parameters<typeof summaryLines>[0]) =>
      summaryLines(runs).find((line) => line.includes('Time since last run'));
    const ran = { ...NEVER, lastrun: 1_000, since_lastrun: 60 };
    expect(since([ran, NEVER])).toMatch(/min: 60\.0 +avg: 60\.0 +max: 60\.0$/);
    expect(since([NEVER])).toBe('    Time since last run (seconds):');
  });
});

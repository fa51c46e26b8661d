import type { puppet as puppetDdl } from '../../../agent/agents/puppet.ddl.ts';
import type { ActionInput, ActionOutput } from '../../core/ddl.ts';
import { MusterError } from '../../core/errors.ts';
import type { PuppetRun } from '../../core/puppet-run-schema.ts';
import type { FilterOptions } from './ask.ts';
import { distributionLine } from './distribution.ts';
import { seconds } from './numbers.ts';
import { paint } from './output.ts';

type Status = ActionOutput<typeof puppetDdl, 'status'>;
type LastRun = ActionOutput<typeof puppetDdl, 'last_run_summary'>;

/** Longest sleep that nodes accept. */
const MAX_SPLAY_S = 86_400;

/** Options of `muster puppet runonce` as typed. */
export interface RunOnceOptions extends FilterOptions {
  readonly force?: true;
  readonly server?: string;
  readonly tags?: string;
  readonly skip_tags?: string;
  readonly noop?: boolean;
  readonly splay?: boolean;
  readonly splaylimit?: string;
  readonly environment?: string;
  readonly use_cached_catalog?: boolean;
  readonly ignoreschedules?: true;
  readonly wait?: true | string;
}

/** What the agent is asked for. Throws USAGE for a limit that is no number, and for both --force and --splay. Pure. */
export function runOnceInput(options: RunOnceOptions, run: string): ActionInput<typeof puppetDdl, 'runonce'> {
  const { force, server, tags, skip_tags, noop, splay, environment, use_cached_catalog, ignoreschedules } =
    options;
  if (force && (splay === true || options.splaylimit !== undefined))
    throw new MusterError('USAGE', '--force runs at once: give neither --splay nor --splaylimit');
  const splaylimit =
    options.splaylimit === undefined
      ? undefined
      : seconds('--splaylimit', options.splaylimit, { max: MAX_SPLAY_S, whole: true });
  const wishes = {
    ...{ force, server, tags, skip_tags, noop, splay, splaylimit, environment },
    ...{ use_cached_catalog, ignoreschedules },
  };
  const given = Object.entries(wishes).filter(([, value]) => value !== undefined);
  return { run, ...Object.fromEntries(given) };
}

/** How one run ended, in a line. Pure but for colours. */
export function runLine(run: PuppetRun): string {
  if (run.state === 'running') return 'running';
  const { changed = 0, failed = 0, total = 0 } = run.resources ?? {};
  const tookS = ((run.ended_at_ms ?? run.started_at_ms) - run.started_at_ms) / 1000;
  const figures = `${run.environment ?? 'no report'}, ${changed} changed, ${failed} failed of ${total}, ${tookS.toFixed(1)} s`;
  if (run.verdict === 'good') return `${paint('green', 'good')} (exit code ${run.exitcode}, ${figures})`;
  return `${paint('red', 'bad')}: ${run.reason} (${figures})`;
}

/** The figures of `muster puppet count`. Pure. */
export function countLines(statuses: readonly Status[]): string[] {
  const count = (fits: (status: Status) => boolean) => statuses.filter(fits).length;
  const rows: [string, number][] = [
    ['Nodes currently enabled', count((node) => node.enabled)],
    ['Nodes currently disabled', count((node) => !node.enabled)],
    ['Nodes currently doing puppet runs', count((node) => node.applying)],
    ['Nodes currently stopped', count((node) => !node.applying)],
    ['Nodes with daemons started', count((node) => node.daemon_present)],
    ['Nodes without daemons started', count((node) => !node.daemon_present)],
    ['Daemons started but idling', count((node) => node.idling)],
  ];
  const lines = rows.map(([what, many]) => `${what.padStart(33)}: ${many}`);
  return [`Total Puppet nodes: ${statuses.length}`, '', ...lines.toSpliced(2, 0, '').toSpliced(5, 0, ''), ''];
}

/** The distributions of `muster puppet summary`. Pure. */
export function summaryLines(runs: readonly LastRun[]): string[] {
  // Where Puppet never ran, the time since then would be that since 1970.
  const everRun = runs.filter(({ lastrun }) => lastrun > 0);
  const row = (what: string, of: (run: LastRun) => number, some = runs) =>
    `${what.padStart(33)}: ${distributionLine(some.map(of))}`.trimEnd();
  return [
    `Summary statistics for ${runs.length} nodes:`,
    '',
    row('Total resources', (run) => run.total_resources),
    row('Out Of Sync resources', (run) => run.out_of_sync_resources),
    row('Failed resources', (run) => run.failed_resources),
    row('Changed resources', (run) => run.changed_resources),
    row('Corrected resources', (run) => run.corrected_resources),
    row('Config Retrieval time (seconds)', (run) => run.config_retrieval_time),
    row('Total run-time (seconds)', (run) => run.total_time),
    row('Time since last run (seconds)', (run) => run.since_lastrun, everRun),
    '',
  ];
}

/** The last run of one node, some lines. Pure. */
export function lastRunText(run: LastRun): string {
  const when = run.lastrun === 0 ? 'never' : new Date(run.lastrun * 1000).toISOString();
  const types = Object.entries(run.type_distribution).map(([type, many]) => `${type} ${many}`);
  return [
    `${when}, config version ${run.config_version}, ${run.total_time.toFixed(1)} s`,
    `${run.total_resources} resources: ${run.changed_resources} changed, ${run.failed_resources} failed, ${run.out_of_sync_resources} out of sync, ${run.corrected_resources} corrected`,
    ...(types.length === 0 ? [] : [types.join(', ')]),
    ...run.logs.map(
      ({ time, level, source, message }) => `${time.slice(0, 19)} ${level} ${source}: ${message}`,
    ),
  ].join('\n');
}

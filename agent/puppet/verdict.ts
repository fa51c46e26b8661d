import type { PuppetReport } from './report.ts';

/** What is known of a run that has ended. */
export interface EndedRun {
  /** null: any will do. */
  readonly environment: string | null;
  readonly timeoutS: number;
  readonly startedAtMs: number;
  /** null when the process vanished without leaving one. */
  readonly exitcode: number | null;
  /** Report of this run, or null when Puppet wrote none. */
  readonly report: PuppetReport | null;
  readonly output: string;
}

/** What became of one run. */
export interface Verdict {
  readonly verdict: 'good' | 'bad';
  /** null when it is good. */
  readonly reason: string | null;
}

/** Clock of the file system and of Puppet may differ by a little. */
const SLACK_MS = 2_000;
const GOOD = [0, 2];
const TIMED_OUT = [124, 137];

/**
 * Good only if this run itself says so: exit code 0 or 2 of `--detailed-exitcodes`, and a report that began after the
 * run did and is of the environment that was asked for. Pure. *Source:* Puppet switches to `production` and exits with
 * 2 when an environment does not exist, and exits with 1 for a catalog that does not compile, a lock and a missing
 * certificate alike (observed with 7.23).
 */
export function judge(run: EndedRun): Verdict {
  const reason = whyBad(run);
  return { verdict: reason === null ? 'good' : 'bad', reason };
}

/** The report, if it is of this run. */
export function ownReport(run: { startedAtMs: number; report: PuppetReport | null }): PuppetReport | null {
  const { report } = run;
  if (report?.timeMs === null || report === null) return null;
  return report.timeMs >= run.startedAtMs - SLACK_MS ? report : null;
}

function whyBad(run: EndedRun): string | null {
  if (run.exitcode === null) return 'Puppet was killed from outside: the run left no exit code';
  if (TIMED_OUT.includes(run.exitcode)) return `PUPPET_TIMEOUT: Puppet did not end within ${run.timeoutS} s`;
  const report = ownReport(run);
  if (!GOOD.includes(run.exitcode)) return failure(run, run.exitcode, report);
  if (report === null) return `Puppet ended with ${run.exitcode} but left no report of this run`;
  if (run.environment !== null && report.environment !== run.environment) {
    return `Puppet applied the environment ${report.environment}, not ${run.environment}: does the master have it?`;
  }
  return null;
}

function failure(run: EndedRun, exitcode: number, report: PuppetReport | null): string {
  const cause = report?.failed[0];
  const said = report?.errors[0] ?? firstError(run.output);
  const detail = cause === undefined ? said : `${cause.resource}: ${cause.message}`;
  const count = report === null || report.failed.length < 2 ? '' : ` (and ${report.failed.length - 1} more)`;
  return `exit code ${exitcode}${detail === null ? '' : `: ${detail}${count}`}`;
}

/** The first error is the cause, what follows are its consequences. Facter grumbles in containers. */
function firstError(output: string): string | null {
  const line = output.split('\n').find((candidate) => /^Error: (?!Facter)/.test(candidate));
  return line === undefined ? null : line.slice(0, 500);
}

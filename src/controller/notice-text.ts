import { ERROR_CODES } from '../core/error-codes.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Notice } from '../core/notifier.ts';
import { addedMs, type RunRecord, type StepRecord } from '../core/record.ts';

/** Failures behind which an intruder may stand: told as alarms. */
const ALARMING: ReadonlySet<ErrorCode> = new Set(['CSR_MISMATCH']);

/** What the person on call reads of a run that is over. Pure. What decides stands first, because notifiers cut. */
export function noticeText(run: RunRecord): Pick<Notice, 'level' | 'subject' | 'body'> {
  return run.error === null ? provisioned(run) : failed(run, run.error);
}

/** A text cut to a number of characters, its end marked. Pure. */
export function cut(text: string, chars: number): string {
  const letters = [...text];
  return letters.length <= chars ? text : `${letters.slice(0, Math.max(0, chars - 1)).join('')}…`;
}

/** Milliseconds as people say them: 340 ms, 12.3 s, 3 min 5 s. Pure. */
export function sayMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function provisioned(run: RunRecord): Pick<Notice, 'level' | 'subject' | 'body'> {
  const subject = `Provisioned ${run.identity}${inRegion(run)} against ${run.master ?? 'no master'} in ${sayMs(tookMs(run))}`;
  return { level: 'info', subject, body: [...about(run), ...timeline(run)].join('\n') };
}

function failed(
  run: RunRecord,
  error: NonNullable<RunRecord['error']>,
): Pick<Notice, 'level' | 'subject' | 'body'> {
  const { cause, next } = ERROR_CODES[error.code];
  const at = error.step === null ? '' : ` at ${error.step}`;
  const lines = [
    `Cause     ${error.code}: ${cause}`,
    `Said      ${error.message}`,
    `Step      ${error.step ?? 'before the first one'}`,
    `Next      ${next}`,
    `Retry     muster run retry ${run.id}`,
    '',
    ...about(run),
  ];
  if (error.lastLines.length > 0) lines.push('', 'Last lines', ...error.lastLines.map((line) => `  ${line}`));
  const level = ALARMING.has(error.code) ? 'alarm' : 'failure';
  return {
    level,
    subject: `${level === 'alarm' ? 'ALARM' : 'FAILED'} ${run.identity}${inRegion(run)}: ${error.code}${at}`,
    body: [...lines, ...timeline(run)].join('\n'),
  };
}

function about(run: RunRecord): string[] {
  const puppetMs = run.steps.reduce((sum, step) => sum + step.puppetMs, 0);
  const added = addedMs(run);
  return [
    `Node      ${run.identity}`,
    `Instance  ${run.instanceId} (group ${run.group})`,
    `Region    ${run.region ?? 'unknown'}`,
    `Master    ${run.master === null ? 'none chosen' : `${run.master}: ${run.masterReason ?? ''}`}`,
    `Took      ${sayMs(tookMs(run))}: Puppet ${sayMs(puppetMs)}${added === null ? '' : `, Muster ${sayMs(added)}`}`,
    `Run       ${run.id}${run.retries === 0 ? '' : ` (retry ${run.retries})`}`,
  ];
}

function timeline(run: RunRecord): string[] {
  return ['', 'Steps', ...run.steps.map(stepLine)];
}

function stepLine(step: StepRecord): string {
  const took = step.endedAtMs === null ? '' : sayMs(step.endedAtMs - step.startedAtMs);
  const tries = step.attempts > 1 ? ` (${step.attempts} tries)` : '';
  return `  ${step.step.padEnd(24)}${step.outcome.padEnd(9)}${took.padStart(12)}  ${step.detail}${tries}`;
}

function inRegion(run: RunRecord): string {
  return run.region === null ? '' : ` in ${run.region}`;
}

function tookMs(run: RunRecord): number {
  return (run.endedAtMs ?? run.helloAtMs) - run.helloAtMs;
}

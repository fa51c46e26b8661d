import { ERROR_CODES } from '../../core/error-codes.ts';
import { addedMs, type RunRecord, type RunState, type StepRecord } from '../../core/record.ts';
import { paint, showMs, table } from './output.ts';

const MARKS: Readonly<Record<StepRecord['outcome'], string>> = {
  done: '✓',
  skipped: '-',
  waiting: '…',
  failed: '✗',
};

/** The table of `muster runs`, newest first. Pure but for colours. */
export function runsTable(runs: readonly RunRecord[], nowMs: number): string {
  const rows = runs.map((run) => [
    run.id,
    run.identity,
    run.region ?? '',
    run.master ?? '',
    paintState(run.state),
    run.step ?? '',
    showMs((run.endedAtMs ?? nowMs) - run.helloAtMs),
    run.error === null ? waitingFor(run) : `${run.error.code}: ${firstLine(run.error.message)}`,
  ]);
  return table(['RUN', 'NODE', 'REGION', 'MASTER', 'STATE', 'STEP', 'TOOK', 'REMARK'], rows);
}

/** One run from hello to end, a line a step. Pure but for colours. */
export function timeline(run: RunRecord, nowMs: number): string {
  return [
    ...header(run, nowMs),
    '',
    ...run.steps.map((step) => stepLine(step, run.helloAtMs, nowMs)),
    ...failure(run),
  ].join('\n');
}

function header(run: RunRecord, nowMs: number): string[] {
  const total = (run.endedAtMs ?? nowMs) - run.helloAtMs;
  const puppet = run.steps.reduce((sum, step) => sum + step.puppetMs, 0);
  const added = addedMs(run);
  const share = added === null ? '' : `, of which Puppet ${showMs(puppet)} and Muster ${showMs(added)}`;
  return [
    `${paint('bold', run.id)}  ${paintState(run.state)} ${run.endedAtMs === null ? 'for' : 'after'} ${showMs(total)}${share}`,
    `  node    ${run.identity}  (instance ${run.instanceId}, group ${run.group}, region ${run.region ?? 'unknown'})`,
    `  master  ${run.master === null ? 'not chosen yet' : `${run.master}: ${run.masterReason ?? ''}`}`,
    `  hello   ${new Date(run.helloAtMs).toISOString()}${run.retries === 0 ? '' : `, retried ${run.retries} times`}`,
  ];
}

function stepLine(step: StepRecord, helloAtMs: number, nowMs: number): string {
  const mark = MARKS[step.outcome];
  const colour = step.outcome === 'failed' ? 'red' : step.outcome === 'done' ? 'green' : 'dim';
  const after = `+${((step.startedAtMs - helloAtMs) / 1000).toFixed(1)}`.padStart(8);
  const took = showMs((step.endedAtMs ?? nowMs) - step.startedAtMs).padStart(8);
  const tries = step.attempts > 1 ? ` (try ${step.attempts})` : '';
  return `${after} s  ${paint(colour, mark)} ${step.step.padEnd(24)} ${took}  ${step.detail}${tries}`;
}

function failure(run: RunRecord): string[] {
  const { error } = run;
  if (error === null) return [];
  const what = ERROR_CODES[error.code];
  const retry = run.state === 'failed' ? [`  retry   muster run retry ${run.id}`] : [];
  return [
    '',
    `  ${paint('red', error.code)} in ${error.step ?? 'no step'}: ${error.message}`,
    `  cause   ${what.cause}`,
    `  next    ${what.next}`,
    ...retry,
    ...error.lastLines.map((line) => `  | ${line}`),
  ];
}

function waitingFor(run: RunRecord): string {
  const last = run.steps.at(-1);
  return last?.outcome === 'waiting' ? last.detail : '';
}

function firstLine(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

function paintState(state: RunState): string {
  if (state === 'failed') return paint('red', state);
  if (state === 'provisioned') return paint('green', state);
  return paint('yellow', state);
}

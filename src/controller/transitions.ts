import type { MusterError } from '../core/errors.ts';
import type { RunError, StepRecord } from '../core/record.ts';
import type { StepResult } from '../core/step.ts';
import type { RunData } from './run-data.ts';

/** The step at the cursor begins or goes on: its record is opened, or is the one that is open already (after a wait or a crash). Pure. */
export function stepBegun(data: RunData, nowMs: number): RunData {
  const attempts = data.tries + 1;
  if (data.open) return withLast(data, (record) => ({ ...record, outcome: 'waiting', attempts }));
  const step = data.plan[data.cursor]?.step ?? '';
  const record: StepRecord = {
    step,
    outcome: 'waiting',
    detail: 'running',
    startedAtMs: nowMs,
    endedAtMs: null,
    puppetMs: 0,
    attempts,
  };
  return { ...data, open: true, steps: [...data.steps, record] };
}

/** The step at the cursor is over: on to the next one. Its slot is given up. Pure. */
export function stepEnded(
  data: RunData,
  result: Exclude<StepResult, { outcome: 'wait' }>,
  nowMs: number,
): RunData {
  const { outcome, detail, puppetMs = 0 } = result;
  const told = withLast(data, (record) => ({ ...record, outcome, detail, puppetMs, endedAtMs: nowMs }));
  return { ...told, cursor: data.cursor + 1, open: false, tries: 0, slot: null, error: null };
}

/** The step at the cursor waits; no attempt is spent. Pure. */
export function stepWaits(data: RunData, detail: string): RunData {
  return { ...withLast(data, (record) => ({ ...record, outcome: 'waiting', detail })), error: null };
}

/** A try failed and another one follows. `counts` is false when the failure was ours and not the step's. Pure. */
export function tryFailed(data: RunData, error: MusterError, counts: boolean): RunData {
  const told = withLast(data, (record) => ({ ...record, detail: `${error.code}: ${error.message}` }));
  return { ...told, tries: data.tries + (counts ? 1 : 0), slot: null, error: runError(told, error) };
}

/**
 * The master is left. The walk begins again with the first step: every step looks first, so what still holds is
 * skipped and what hung on the master is done anew. Pure.
 */
export function masterLeft(data: RunData, error: MusterError, nowMs: number): RunData {
  const failed = closeFailed(data, error, nowMs);
  const left = data.master === null ? data.left : [...data.left, data.master];
  return {
    ...failed,
    cursor: 0,
    tries: 0,
    slot: null,
    master: null,
    masterReason: null,
    left,
    error: runError(data, error),
  };
}

/** The run is over, and who has to be told is written with it. Pure. */
export function runEnded(
  data: RunData,
  error: MusterError | null,
  recipients: readonly string[],
  nowMs: number,
): RunData {
  const closed = error === null ? data : closeFailed(data, error, nowMs);
  return {
    ...closed,
    slot: null,
    outcome: error === null ? 'provisioned' : 'failed',
    endedAtMs: nowMs,
    error: error === null ? null : runError(data, error),
    notices: { sentAtMs: nowMs, recipients },
  };
}

/** A failed run begins anew at `cursor`, with the plan as it is configured now; its timeline is kept. Pure. */
export function runRetried(data: RunData, plan: RunData['plan'], cursor: number, nowMs: number): RunData {
  return {
    ...data,
    plan,
    cursor,
    open: false,
    tries: 0,
    slot: null,
    joined: false,
    master: null,
    masterReason: null,
    left: [],
    retries: data.retries + 1,
    startedAtMs: nowMs,
    outcome: null,
    endedAtMs: null,
    error: null,
    notices: null,
  };
}

function closeFailed(data: RunData, error: MusterError, nowMs: number): RunData {
  if (!data.open) return data;
  const detail = `${error.code}: ${error.message}`;
  return {
    ...withLast(data, (record) => ({ ...record, outcome: 'failed', detail, endedAtMs: nowMs })),
    open: false,
  };
}

function runError(data: RunData, error: MusterError): RunError {
  const step = data.open ? (data.steps.at(-1)?.step ?? null) : null;
  return { code: error.code, message: error.message, step, lastLines: error.details };
}

function withLast(data: RunData, change: (record: StepRecord) => StepRecord): RunData {
  const last = data.steps.at(-1);
  return last === undefined || !data.open
    ? data
    : { ...data, steps: [...data.steps.slice(0, -1), change(last)] };
}

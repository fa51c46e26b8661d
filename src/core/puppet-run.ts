import { createHash } from 'node:crypto';
import { asMusterError, MusterError } from './errors.ts';
import type { StepContext, StepResult } from './step.ts';

/** How a Puppet run on a node stands, as the node tells it. */
export interface PuppetRunStand {
  readonly state: 'running' | 'finished';
  readonly verdict: 'good' | 'bad' | null;
  readonly reason: string | null;
  readonly exitcode: number | null;
  readonly environment: string | null;
  readonly failed_resources: readonly { readonly resource: string; readonly message: string }[];
  readonly output: string;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
}

/** Seconds between two looks at a run that goes on; the event of its end comes sooner. */
const LOOK_S = 5;
/**
 * Seconds. The node answers at once, for the run goes on without it: who does not has died, and the run must not wait
 * for it long.
 */
const ANSWER_S = 15;
/** Seconds until another try when the node is busy with another run of Puppet. */
const BUSY_S = 10;
const LAST_LINES = 20;
/** Exit codes of `timeout`: the run was ended because its time was up. */
const TIMED_OUT: ReadonlySet<number | null> = new Set([124, 137]);

/**
 * The name of a Puppet run: the same for the same stage, retry and master, so that asking again never starts another
 * run, and another one after a retry or a move. Pure.
 */
function puppetRunName({ run, master }: Pick<StepContext, 'run' | 'master'>, stage: string): string {
  const tag = createHash('sha256').update(master.identity).digest('hex').slice(0, 6);
  return `${run.id}.${stage}.${run.retries}.${tag}`;
}

/**
 * What a run that was started means for its step: wait while it goes on, done when it is good. Pure. Throws
 * PUPPET_FAILED or PUPPET_TIMEOUT with the failed resources and the last lines of output as details.
 */
function puppetStepResult(stand: PuppetRunStand): StepResult {
  const environment = stand.environment ?? 'unknown environment';
  if (stand.state === 'running')
    return { outcome: 'wait', detail: `Puppet runs: ${lastLineOf(stand.output)}`, retryInS: LOOK_S };
  if (stand.verdict === 'good') {
    const puppetMs = Math.max(0, (stand.ended_at_ms ?? stand.started_at_ms) - stand.started_at_ms);
    return { outcome: 'done', detail: `${environment} applied, exit code ${stand.exitcode}`, puppetMs };
  }
  const code = TIMED_OUT.has(stand.exitcode) ? 'PUPPET_TIMEOUT' : 'PUPPET_FAILED';
  throw new MusterError(code, stand.reason ?? `exit code ${stand.exitcode}`, { details: detailsOf(stand) });
}

/**
 * One look at the Puppet run of a stage: `start` begins it the first time and tells how it stands afterwards. Waits while
 * the node is busy with another one. Throws what {@link puppetStepResult} and `start` throw.
 */
export async function lookAtPuppetRun(
  context: Pick<StepContext, 'run' | 'master'>,
  stage: string,
  start: (run: string, limit: { readonly timeoutS: number }) => Promise<PuppetRunStand>,
): Promise<StepResult> {
  try {
    return puppetStepResult(await start(puppetRunName(context, stage), { timeoutS: ANSWER_S }));
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== 'NODE_LOCKED') throw error;
    return { outcome: 'wait', detail: error.message, retryInS: BUSY_S };
  }
}

function detailsOf({ failed_resources, output }: PuppetRunStand): string[] {
  const resources = failed_resources.map(({ resource, message }) => `${resource}: ${message}`);
  return [...resources, ...linesOf(output).slice(-LAST_LINES)];
}

function lastLineOf(output: string): string {
  return linesOf(output).at(-1)?.slice(0, 200) ?? 'no output yet';
}

function linesOf(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

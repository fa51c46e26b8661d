import { setTimeout as sleep } from 'node:timers/promises';
import type { JobType } from 'bullmq';
import { MusterError } from '../core/errors.ts';
import type { RunRecord, RunState } from '../core/record.ts';
import type { RunData } from './run-data.ts';
import type { RunJob, Runs } from './runs.ts';

const WATCH_MS = 250;
const JOB_TYPES: Readonly<Record<RunState, JobType>> = {
  waiting: 'wait',
  active: 'active',
  delayed: 'delayed',
  provisioned: 'completed',
  failed: 'failed',
};

/** What CLI and dashboard read. All methods throw REDIS_UNREACHABLE when Redis is away. */
export interface Records {
  /** Newest hello first. */
  listRuns(filter?: { readonly state?: RunState; readonly limit?: number }): Promise<RunRecord[]>;
  /**
   * The newest run of an instance, by run id, instance id or identity; their beginning is enough. Throws NOT_FOUND, and
   * USAGE when the beginning fits several instances.
   */
  findRun(name: string): Promise<RunRecord>;
  /** The run now and after every change, until it is over or `signal` aborts. Throws NOT_FOUND. */
  watchRun(id: string, signal: AbortSignal): AsyncGenerator<RunRecord, void>;
}

/** Records are projections of BullMQ's jobs and stored nowhere else. */
export function createRecords(runs: Runs): Records {
  const byId = async (id: string) => {
    const job = await runs.get(id);
    return job === undefined ? undefined : recordOfJob(job);
  };
  return {
    async listRuns({ state, limit = 100 } = {}) {
      const states = state === undefined ? (Object.keys(JOB_TYPES) as RunState[]) : [state];
      const lists = await Promise.all(states.map((one) => listState(runs, one, limit)));
      return lists.flat().sort(newestFirst).slice(0, limit);
    },
    async findRun(name) {
      const exact = await byId(name);
      if (exact !== undefined) return exact;
      // An instance id holds no dot: what follows the first one is the certname's suffix or the run's own part.
      const instanceId = name.split('.')[0] ?? name;
      const found = (await Promise.all((await runs.idsWith(instanceId)).map(byId))).filter(
        (record) => record !== undefined,
      );
      return newestOf(name, narrow(found, name));
    },
    async *watchRun(id, signal) {
      let last = '';
      while (!signal.aborted) {
        const record = await byId(id);
        if (record === undefined) throw new MusterError('NOT_FOUND', `there is no run ${id}`);
        const now = JSON.stringify(record);
        if (now !== last) yield record;
        last = now;
        if (record.endedAtMs !== null) return;
        await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** How people see a run. Pure. */
export function recordOf(id: string, data: RunData, state: RunState): RunRecord {
  return {
    id,
    instanceId: data.instanceId,
    identity: data.identity,
    group: data.group,
    region: data.region,
    steps: data.steps,
    master: data.master,
    masterReason: data.masterReason,
    retries: data.retries,
    helloAtMs: data.helloAtMs,
    endedAtMs: data.endedAtMs,
    error: data.error,
    state: data.outcome ?? state,
    step: data.plan[data.cursor]?.step ?? null,
  };
}

/** The record of a job, its state asked for. */
async function recordOfJob(job: RunJob): Promise<RunRecord> {
  return recordOf(job.id ?? '', job.data, stateOf(await job.getState()));
}

function stateOf(jobState: string): RunState {
  if (jobState === 'completed') return 'provisioned';
  if (jobState === 'active' || jobState === 'delayed' || jobState === 'failed') return jobState;
  return 'waiting';
}

async function listState(runs: Runs, state: RunState, limit: number): Promise<RunRecord[]> {
  const jobs = await runs.queue.getJobs([JOB_TYPES[state]], 0, limit - 1, false);
  // A job may be removed between the two look-ups that BullMQ makes.
  return jobs.filter((job) => job?.data !== undefined).map((job) => recordOf(job.id ?? '', job.data, state));
}

function narrow(found: readonly RunRecord[], name: string): RunRecord[] {
  const whole = found.filter((record) => record.instanceId === name || record.identity === name);
  return whole.length > 0
    ? whole
    : found.filter((record) => record.id.startsWith(name) || record.identity.startsWith(name));
}

function newestOf(name: string, found: readonly RunRecord[]): RunRecord {
  const [newest] = [...found].sort(newestFirst);
  if (newest === undefined) throw new MusterError('NOT_FOUND', `there is no run of '${name}'`);
  const instances = [...new Set(found.map((record) => record.identity))].sort();
  if (instances.length > 1)
    throw new MusterError(
      'USAGE',
      `'${name}' is the beginning of several: ${instances.slice(0, 5).join(', ')}`,
    );
  return newest;
}

function newestFirst(a: RunRecord, b: RunRecord): number {
  return b.helloAtMs - a.helloAtMs || (a.id < b.id ? -1 : 1);
}

import type { Clock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import type { Log } from '../core/log.ts';
import type { MasterPicker } from '../core/picker.ts';
import type { Step } from '../core/step.ts';
import { type AuditStore, createAuditStore } from './audit.ts';
import { type Claims, createClaims } from './claims.ts';
import type { GrantNode, Rpc } from './deps.ts';
import { createGovernor, type Governor } from './governor.ts';
import { createJoins, type Joins } from './joins.ts';
import { createLoadCount } from './load-count.ts';
import { createMasters, type Masters } from './masters.ts';
import { type NoticesDeps, startNotices } from './notices.ts';
import { type Alarm, type Recipient, sendAlarm, sendIntents } from './outbox.ts';
import { DEFAULT_LEASES, type Leases } from './queues.ts';
import type { RedisDoor } from './redis.ts';
import { createRegistry, type Registry } from './registry.ts';
import { openRuns, type Runs } from './runs.ts';
import { stepContext } from './step-context.ts';
import type { WalkDeps, WalkingRun } from './walking.ts';
import { startRunWorker } from './worker.ts';

/** What walks runs needs: Redis, a way to ask nodes, a way to grant collectives, and the plug-ins, all checked. */
export interface EngineDeps {
  readonly door: RedisDoor;
  readonly rpc: Rpc;
  readonly grantNode: GrantNode;
  readonly config: Pick<ControllerConfig, 'master' | 'runs' | 'collectives' | 'audit' | 'plan' | 'groups'>;
  readonly steps: ReadonlyMap<string, Step>;
  readonly picker: { readonly plugin: MasterPicker; readonly options: unknown };
  readonly recipients: ReadonlyMap<string, Recipient>;
  readonly clock: Clock;
  readonly log: Log;
  readonly leases?: Leases;
  readonly random?: () => number;
  /** How long the end of a process waits for steps that go on, in ms. */
  readonly graceMs?: number;
  readonly noticeBackoff?: NonNullable<NoticesDeps['backoff']>;
}

/** Everything of a controller that stands behind the broker. */
export interface Engine {
  readonly runs: Runs;
  readonly registry: Registry;
  readonly claims: Claims;
  readonly governor: Governor;
  readonly joins: Joins;
  readonly audit: AuditStore;
  /** Tells everybody who is told of runs. Throws REDIS_UNREACHABLE or what ioredis throws. */
  alarm(alarm: Alarm): Promise<void>;
  /** Begins nothing more, hands back what goes on, and ends; under 10 s. */
  close(): Promise<void>;
}

const GRACE_MS = 5000;
/** Longest wait beyond the grace for queues and workers to close: a stop ends within 10 s. */
const CLOSE_MS = 3000;

/** Starts to walk runs and to send notices. Any number of engines may share one Redis. */
export function startEngine(deps: EngineDeps): Engine {
  const { door, config, clock, log, leases = DEFAULT_LEASES } = deps;
  const keepDays = config.runs.keep_days;
  const runs = openRuns(door, { keepDays, log });
  const registry = createRegistry(door, clock);
  const claims = createClaims(door);
  const notices = startNotices({
    ...{ door, recipients: deps.recipients, keepDays, leases, clock, log },
    ...(deps.noticeBackoff === undefined ? {} : { backoff: deps.noticeBackoff }),
  });
  const governor = createGovernor({
    ...{ door, leases, log },
    perMaster: config.master.puppet_runs,
    wake: runs.wake,
    wants: (run, slot) => wants(runs, run, slot),
  });
  const masters = mastersOf(deps, registry);
  const joins = createJoins({ door, registry, runs, rpc: deps.rpc });
  const worker = startRunWorker({
    ...{ door, runs, leases, log },
    concurrency: config.runs.concurrency,
    walk: walkDeps(deps, { claims, governor, masters, joins }),
    async settle(runId, data) {
      await sendIntents(runId, data, deps.recipients, notices, log);
      await masters.release(runId);
    },
  });
  return {
    ...{ runs, registry, claims, governor, joins, audit: createAuditStore(door, config) },
    alarm: (alarm) => sendAlarm(alarm, deps.recipients, notices),
    async close() {
      const graceMs = deps.graceMs ?? GRACE_MS;
      const closing = [worker.close(graceMs), governor.close(), notices.close()];
      await inTime(Promise.all(closing), graceMs + CLOSE_MS, deps.log);
      await inTime(runs.close(), CLOSE_MS, deps.log);
    },
  };
}

/** A worker that waits for a Redis that is gone never ends. What it held is taken over when its lock runs out. */
async function inTime(closing: Promise<unknown>, limitMs: number, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn({ limitMs }, 'did not close in time, and is left');
      resolve();
    }, limitMs);
  });
  await Promise.race([closing, late]).finally(() => clearTimeout(timer));
}

async function wants(runs: Runs, runId: string, slotId: string): Promise<boolean> {
  const job = await runs.get(runId);
  return job?.data.slot?.id === slotId && job.data.outcome === null;
}

function mastersOf({ door, rpc, picker, config, clock }: EngineDeps, registry: Registry): Masters {
  return createMasters({
    ...{ rpc, registry, clock },
    load: createLoadCount(door),
    picker: picker.plugin,
    pickerOptions: picker.options,
    collective: config.collectives.production,
    discoveryS: config.master.discovery_s,
  });
}

function walkDeps(
  deps: EngineDeps,
  own: { claims: Claims; governor: Governor; masters: Masters; joins: Joins },
): WalkDeps {
  const { config, rpc, log, clock } = deps;
  // The collectives are noted before they are granted: what is noted can be granted again after a crash.
  const grant = async (run: WalkingRun, collectives: readonly string[]) => {
    await run.save({ ...run.data, collectives });
    await own.claims.keepCollectives(run.data, collectives);
    await deps.grantNode(run.data.identity, collectives);
  };
  const context = { rpc, masters: own.masters, collectives: config.collectives, grant, log };
  return {
    ...{ steps: deps.steps, clock, log, random: deps.random ?? Math.random },
    planOf: (group) => config.groups[group]?.plan ?? config.plan,
    settings: {
      attempts: config.runs.attempts,
      backoffS: config.runs.backoff_s,
      deadlineS: config.runs.deadline_s,
      maxMoves: config.master.max_moves,
    },
    recipients: [...deps.recipients.keys()],
    chooseMaster: (run) => own.masters.choose(run.id, run.data),
    nodeJoined: (run) => own.joins.joined(run),
    masterLives: (identity) => own.masters.lives(identity),
    stepContext: (run, signal) => stepContext(context, run, signal),
    async narrowGrants(run) {
      const collectives = run.data.collectives.slice(-1);
      await own.claims.keepCollectives(run.data, collectives);
      await deps.grantNode(run.data.identity, collectives);
      return collectives;
    },
    async askSlot(run) {
      const { slot } = run.data;
      return slot === null ? { granted: true, before: 0 } : own.governor.ask(slot.master, slot.id, run.id);
    },
    freeSlot: (slot) => own.governor.free(slot),
  };
}

import { fileURLToPath } from 'node:url';
import { type Engine, type EngineDeps, startEngine } from '../../src/controller/engine.ts';
import criteria from '../../src/controller/pickers/criteria.ts';
import { readRecipients } from '../../src/controller/recipients.ts';
import type { RedisDoor } from '../../src/controller/redis.ts';
import { type NewRun, newRun, type RunData } from '../../src/controller/run-data.ts';
import type { RunJob } from '../../src/controller/runs.ts';
import { systemClock } from '../../src/core/clock.ts';
import { ControllerConfig } from '../../src/core/config/controller.ts';
import { loadPlugins } from '../../src/core/load.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import type { Notifier } from '../../src/core/notifier.ts';
import type { Step } from '../../src/core/step.ts';
import type { World } from './run-world.ts';

/** Muster's own steps, as the loader finds them. */
export function ownSteps(): Promise<Map<string, Step>> {
  return loadPlugins<Step>(fileURLToPath(new URL('../../provisioners', import.meta.url)), 'run');
}

/** A config with everything but the given parts at its default, and short waits. */
export function testConfig(parts: Record<string, unknown> = {}): ControllerConfig {
  return ControllerConfig.parse({
    broker: {
      host: '127.0.0.1',
      management_url: 'http://127.0.0.1:1',
      management_password_file: '/nonexistent',
    },
    trust: { certificate: '/nonexistent', key: '/nonexistent' },
    ...parts,
    runs: { backoff_s: 0.05, ...(parts.runs as object | undefined) },
  });
}

export interface TestEngineOptions {
  readonly door: RedisDoor;
  readonly world: World;
  readonly config?: ControllerConfig;
  readonly steps?: ReadonlyMap<string, Step>;
  readonly notifiers?: ReadonlyMap<string, Notifier>;
  readonly log?: Log;
  readonly more?: Partial<EngineDeps>;
}

/** An engine over a world, with short leases; grants of collectives go nowhere. Masters and nodes of the world are registered. */
export async function startTestEngine(options: TestEngineOptions): Promise<Engine> {
  const { door, world, config = testConfig(), notifiers = new Map() } = options;
  const engine = startEngine({
    ...{ door, rpc: world.rpc, config, log: options.log ?? silentLog, clock: systemClock },
    grantNode: async () => undefined,
    steps: options.steps ?? (await ownSteps()),
    picker: { plugin: criteria, options: criteria.options.parse({}) },
    recipients: readRecipients(config.notify, notifiers),
    leases: { lockMs: 1500, stalledMs: 500 },
    graceMs: 500,
    ...options.more,
  });
  for (const { identity, facts } of world.masters.values()) {
    await engine.registry.heard({
      identity,
      role: 'master',
      facts,
      classes: [],
      agents: ['puppetca', 'rpcutil'],
      collectives: ['mcollective'],
      version: '1',
    });
  }
  // Heard of before any run begins: a run asks such a node whether it is there.
  for (const { identity, collective } of world.nodes.values()) {
    const said = {
      facts: {},
      classes: [],
      agents: ['provision', 'rpcutil'],
      collectives: [collective],
      version: '1',
    };
    await engine.registry.heard({ identity, role: 'node', ...said });
  }
  world.onRunEnded = (_, run) =>
    void engine.runs.wake(run.split('.').slice(0, -3).join('.')).catch(() => undefined);
  return engine;
}

/** A new run of this node of the world. */
export function testRun(world: World, identity: string, parts: Partial<NewRun> = {}): RunData {
  const puppetSpkiSha256 = world.nodes.get(identity)?.spki ?? '0'.repeat(64);
  const common = {
    instanceId: identity.split('.')[0] ?? identity,
    identity,
    group: 'web',
    claim: 'c',
    region: null,
    facts: {},
  };
  const data = newRun(
    { ...common, puppetSpkiSha256, plan: testConfig().plan, collectives: ['provisioning'], ...parts },
    Date.now(),
  );
  return data;
}

/** The job of a run when it is over; throws when that takes longer than `timeoutMs`. */
export async function overJob(engine: Pick<Engine, 'runs'>, id: string, timeoutMs = 30_000): Promise<RunJob> {
  const untilMs = Date.now() + timeoutMs;
  for (;;) {
    const job = await engine.runs.get(id);
    if (job !== undefined && ((await job.isCompleted()) || (await job.isFailed()))) return job;
    if (Date.now() > untilMs) throw new Error(`run ${id} is not over: ${JSON.stringify(job?.data)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

import type { Clock } from '../core/clock.ts';
import { MusterError } from '../core/errors.ts';
import type { MasterInventory } from '../core/inventory.ts';
import type { MasterPicker, NodeToServe } from '../core/picker.ts';
import type { Rpc } from './deps.ts';
import { discoverMasters, type FoundMaster, masterRuns } from './discovery.ts';
import type { LoadCount } from './load-count.ts';
import type { Registry } from './registry.ts';
import type { RunData } from './run-data.ts';

/** What was found is used for a run's next steps for so long; then it is looked again. */
const FRESH_MS = 60_000;

/** Finds masters and chooses among them. */
export interface Masters {
  /** Discovers anew and picks; counts the run as that master's. Throws NO_MASTER, BROKER_UNREACHABLE, REDIS_UNREACHABLE. */
  choose(runId: string, data: RunData): Promise<{ identity: string; reason: string }>;
  /** Those that answered when the run last looked, at most a minute ago. */
  found(runId: string): Promise<readonly FoundMaster[]>;
  lives(identity: string): Promise<boolean>;
  /** The run is over. */
  release(runId: string): Promise<void>;
}

/** What choosing masters needs. */
export interface MastersDeps {
  readonly rpc: Rpc;
  readonly registry: Registry;
  readonly load: LoadCount;
  readonly picker: MasterPicker;
  readonly pickerOptions: unknown;
  readonly collective: string;
  readonly discoveryS: number;
  readonly clock: Clock;
}

/** Discovery on every run, so that a new master needs no configuration. Choices are made one after the other, so that each sees the load of the one before. */
export function createMasters(deps: MastersDeps): Masters {
  const remembered = new Map<string, { atMs: number; found: readonly FoundMaster[] }>();
  let turn: Promise<unknown> = Promise.resolve();
  const look = async (runId: string) => {
    const found = await discoverMasters(deps.rpc, deps.registry, {
      collective: deps.collective,
      timeoutS: deps.discoveryS,
    });
    remembered.set(runId, { atMs: deps.clock.monotonicMs(), found });
    return found;
  };
  return {
    async choose(runId, data) {
      const found = await look(runId);
      const mine = turn.then(() => pickAndCount(deps, runId, data, found));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async found(runId) {
      const known = remembered.get(runId);
      return known !== undefined && deps.clock.monotonicMs() - known.atMs < FRESH_MS
        ? known.found
        : look(runId);
    },
    lives: (identity) => masterRuns(deps.rpc, deps.collective, identity, Math.max(deps.discoveryS, 5)),
    async release(runId) {
      remembered.delete(runId);
      await deps.load.clear(runId);
    },
  };
}

async function pickAndCount(deps: MastersDeps, runId: string, data: RunData, found: readonly FoundMaster[]) {
  await deps.load.clear(runId);
  const counts = await deps.load.counts();
  const masters = found.map(
    (master): MasterInventory => ({ ...master, activeRuns: counts.get(master.identity) ?? 0 }),
  );
  const pick = pickAmong(deps, data, masters);
  if (pick === undefined) {
    const names = found.map((master) => `${master.identity}${master.healthy ? '' : ' (not running)'}`);
    throw new MusterError(
      'NO_MASTER',
      `no master can serve ${data.identity}; answered: ${names.join(', ') || 'none'}`,
    );
  }
  await deps.load.set(runId, pick.identity);
  return pick;
}

/** Masters that this run has left are taken again only when there is no other. */
function pickAmong(
  { picker, pickerOptions }: MastersDeps,
  data: RunData,
  masters: readonly MasterInventory[],
) {
  const node: NodeToServe = {
    identity: data.identity,
    facts: data.facts,
    agents: [],
    classes: [],
    collectives: data.collectives,
  };
  const others = masters.filter((master) => !data.left.includes(master.identity));
  return picker.pick(node, others, pickerOptions) ?? picker.pick(node, masters, pickerOptions);
}

import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import type { Rpc } from './deps.ts';
import type { RedisDoor } from './redis.ts';
import type { Registry } from './registry.ts';
import type { Runs } from './runs.ts';
import type { WalkingRun } from './walking.ts';

/** How long a node may take to say that it is there. */
const PING_S = 2;

/** Which run waits for which node to come onto the bus. */
export interface Joins {
  /** True when the node has registered since its run began, or answers now. Else its registration will wake the run. */
  joined(run: Pick<WalkingRun, 'id' | 'data'>): Promise<boolean>;
  /** The node has registered, and that stands in the registry: wakes the run that waits for it. */
  registered(identity: string): Promise<void>;
}

/** The waits in Redis, so that any controller that hears the registration can wake the run. */
export function createJoins(deps: {
  readonly door: RedisDoor;
  readonly registry: Pick<Registry, 'get'>;
  readonly runs: Pick<Runs, 'wake'>;
  readonly rpc: Rpc;
}): Joins {
  const key = deps.door.key('joining');
  return {
    async joined({ id, data }) {
      // Noted before the look: a registration that comes in between finds it.
      await deps.door.quick.hset(key, data.identity, id);
      const known = await deps.registry.get(data.identity);
      const registered = known !== null && known.lastSeenMs >= data.startedAtMs;
      // A node that nobody has heard of has just been answered: a ping would keep the run from its registration.
      const silent = known === null && data.error === null;
      const there = registered || (!silent && (await answers(deps.rpc, data)));
      if (there) await deps.door.quick.hdel(key, data.identity);
      return there;
    },
    async registered(identity) {
      const run = await deps.door.quick.hget(key, identity);
      if (run !== null) await deps.runs.wake(run);
    },
  };
}

/** A registration may have been lost, and a run that is retried finds its node there already. */
async function answers(rpc: Rpc, { identity, facts, collectives }: WalkingRun['data']): Promise<boolean> {
  const asked = collectives.map((collective) =>
    rpc.node(collective, identity, facts).call(rpcutil, 'ping', {}, { timeoutS: PING_S }),
  );
  const outcomes = await Promise.allSettled(asked);
  return outcomes.some((outcome) => outcome.status === 'fulfilled');
}

import { rpcutil } from '../../agent/agents/rpcutil.ddl.ts';
import type { Rpc } from './deps.ts';
import type { RedisDoor } from './redis.ts';
import type { Registry } from './registry.ts';
import type { WalkingRun } from './walking.ts';

/** How long a node may take to say that it is there. */
const PING_S = 2;

/** Which run waits for which node to come onto the bus. */
export interface Joins {
  /** True when the node has registered since its run began, or answers now. Else its registration will wake the run. */
  joined(run: WalkingRun): Promise<boolean>;
  /** The run that waits for this node, if any. */
  waiting(identity: string): Promise<string | null>;
}

/** The waits in Redis, so that any controller that hears the registration can wake the run. */
export function createJoins(deps: { door: RedisDoor; registry: Registry; rpc: Rpc }): Joins {
  const key = deps.door.key('joining');
  return {
    async joined({ id, data }) {
      // Noted before the look: a registration that comes in between finds it.
      await deps.door.quick.hset(key, data.identity, id);
      const known = await deps.registry.get(data.identity);
      const there =
        (known !== null && known.lastSeenMs >= data.startedAtMs) || (await answers(deps.rpc, data));
      if (there) await deps.door.quick.hdel(key, data.identity);
      return there;
    },
    waiting: (identity) => deps.door.quick.hget(key, identity),
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

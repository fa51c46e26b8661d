import type { RedisDoor } from './redis.ts';

/** Which master each unfinished run was given: the load that the picker compares. Shared by all controllers. */
export interface LoadCount {
  set(runId: string, master: string): Promise<void>;
  clear(runId: string): Promise<void>;
  /** Unfinished runs by master. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

/** The count in Redis. All methods throw what ioredis throws. */
export function createLoadCount(door: RedisDoor): LoadCount {
  const key = door.key('assigned');
  return {
    async set(runId, master) {
      await door.quick.hset(key, runId, master);
    },
    async clear(runId) {
      await door.quick.hdel(key, runId);
    },
    async counts() {
      const counts = new Map<string, number>();
      for (const master of await door.quick.hvals(key)) counts.set(master, (counts.get(master) ?? 0) + 1);
      return counts;
    },
  };
}

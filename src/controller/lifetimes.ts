import type { RedisDoor } from './redis.ts';

/** Until when nodes have certificates. All methods throw what ioredis throws. */
export interface Lifetimes {
  /** A certificate of this name was issued; an earlier end than that which is known changes nothing. */
  note(name: string, notAfterMs: number): Promise<void>;
  /** Names whose last certificate ended before this. */
  endedBefore(ms: number): Promise<string[]>;
  /** Forgets a name, unless it has got a later certificate meanwhile; true when it is forgotten. */
  forget(name: string, endedBeforeMs: number): Promise<boolean>;
}

const FORGET = `
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) >= tonumber(ARGV[2]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])`;

/** Opens them. They are in Redis, because any controller may have issued the last certificate of a node. */
export function createLifetimes(door: RedisDoor): Lifetimes {
  const key = door.key('certificates', 'until');
  return {
    note: async (name, notAfterMs) => void (await door.quick.zadd(key, 'GT', notAfterMs, name)),
    endedBefore: (ms) => door.quick.zrangebyscore(key, 0, `(${ms}`),
    forget: async (name, ms) => (await door.quick.eval(FORGET, 1, key, name, ms)) === 1,
  };
}

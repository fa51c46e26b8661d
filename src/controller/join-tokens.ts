import { createHash, randomBytes } from 'node:crypto';
import type { RedisDoor } from './redis.ts';

/** For whom a token is. */
interface TokenOf {
  readonly group: string;
  /** What the node calls itself in its hello. */
  readonly name: string;
}

/** One-time join tokens in Redis, where only their SHA-256 is. All methods throw what ioredis throws. */
export interface JoinTokens {
  /** A new token, which takes the place of an earlier one of this name. It cannot be read again. */
  issue(of: TokenOf, ttlS: number): Promise<string>;
  /** True for the key that shows the token first, and for that key again; false for all others, in one atomic step. */
  spend(of: TokenOf, token: string, busSpki: string): Promise<boolean>;
}

/** Compare and set in one step: SPIRE had two, and of two who came at once both got in. */
const SPEND = `
if redis.call('HGET', KEYS[1], 'sha256') ~= ARGV[1] then return 0 end
if redis.call('HSETNX', KEYS[1], 'by', ARGV[2]) == 1 then return 1 end
return redis.call('HGET', KEYS[1], 'by') == ARGV[2] and 1 or 0`;

const ISSUE = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'sha256', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])`;

/** Opens the tokens. */
export function createJoinTokens(door: RedisDoor): JoinTokens {
  const key = ({ group, name }: TokenOf) => door.key('token', group, name);
  return {
    async issue(of, ttlS) {
      const token = randomBytes(24).toString('base64url');
      await door.quick.eval(ISSUE, 1, key(of), sha256(token), Math.ceil(ttlS));
      return token;
    },
    async spend(of, token, busSpki) {
      return (await door.quick.eval(SPEND, 1, key(of), sha256(token), busSpki)) === 1;
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

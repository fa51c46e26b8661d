import { MusterError } from '../core/errors.ts';
import { ChainState, NO_CHAIN } from '../trust/audit/follow.ts';
import type { RedisDoor } from './redis.ts';

/** What to write: a line as JSON, and the stream it belongs to. */
export interface StreamEntry {
  readonly stream: string;
  readonly text: string;
}

/** The chains of all who write audit lines, each with the lines that go into the streams. Methods throw what ioredis throws. */
export interface AuditChains {
  /**
   * Changes the state of one chain and writes lines, in one atomic step, whoever else writes at the same time: `change` is
   * called again with the newer state then. Throws AUDIT_FAILED when others are always faster.
   */
  update(
    name: string,
    change: (state: ChainState) => { state: ChainState; entries: readonly StreamEntry[] },
  ): Promise<void>;
  get(name: string): Promise<ChainState>;
  /** All that were written to in the last months, sorted by name. */
  list(): Promise<(ChainState & { readonly name: string })[]>;
}

const TRIES = 50;
/** A node that has not written for so long is gone. */
const KEEP_S = 90 * 86_400;

const WRITE = `
local now = redis.call('GET', KEYS[1])
if (now or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5] - ARGV[3])
for i = 3, #KEYS do redis.call('XADD', KEYS[i], 'MAXLEN', '~', ARGV[6], '*', 'l', ARGV[i + 4]) end
return 1`;

/** Opens the chains; `streamKey` names the streams in Redis, each of which holds about `maxEntries`. */
export function createAuditChains(
  door: RedisDoor,
  own: { readonly streamKey: (stream: string) => string; readonly maxEntries: number },
): AuditChains {
  const key = (name: string) => door.key('audit-chain', name);
  const index = door.key('audit-chains');
  return {
    async update(name, change) {
      for (let tries = 0; tries < TRIES; tries++) {
        const text = (await door.quick.get(key(name))) ?? '';
        const { state, entries } = change(parse(text));
        const after = JSON.stringify(state);
        if (entries.length === 0 && after === text) return;
        const keys = [key(name), index, ...entries.map(({ stream }) => own.streamKey(stream))];
        const nowS = Math.floor(state.at_ms / 1000);
        const args = [text, after, KEEP_S, name, nowS, own.maxEntries, ...entries.map((entry) => entry.text)];
        if ((await door.quick.eval(WRITE, keys.length, ...keys, ...args)) === 1) return;
      }
      throw new MusterError('AUDIT_FAILED', `${name}: others write at the same time`);
    },
    get: async (name) => parse((await door.quick.get(key(name))) ?? ''),
    async list() {
      const names = (await door.quick.zrange(index, '0', '-1')).sort();
      const texts = names.length === 0 ? [] : await door.quick.mget(...names.map(key));
      return names.flatMap((name, at) => {
        const text = texts[at];
        return typeof text === 'string' ? [{ name, ...parse(text) }] : [];
      });
    },
  };
}

function parse(text: string): ChainState {
  return text === '' ? NO_CHAIN : ChainState.parse(JSON.parse(text));
}

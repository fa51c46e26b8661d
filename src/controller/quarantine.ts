import { createHash } from 'node:crypto';
import { MusterError } from '../core/errors.ts';
import { type ClaimKeys, type ClaimOf, claimKey } from './claims.ts';
import type { RedisDoor } from './redis.ts';

/** What an operator made of it. */
export interface Decision {
  readonly verdict: 'approved' | 'rejected';
  readonly reason: string;
  /** Name in the operator's certificate. */
  readonly by: string;
  readonly atMs: number;
}

/** A second pair of keys that asked for a claimed power-on. Holds no secret; keys are SHA-256, hex, of their SPKI. */
export interface Quarantined extends ClaimOf {
  readonly id: string;
  readonly identity: string;
  readonly region: string | null;
  readonly held: ClaimKeys;
  readonly asking: ClaimKeys;
  /** What the attestor had checked of the one who asks. */
  readonly evidence: string;
  readonly firstAtMs: number;
  readonly decision: Decision | null;
  /** Approving has begun: `atMs` is the time of the revocation for it. Absent: nobody has tried. */
  readonly approving?: { readonly atMs: number; readonly barredBefore: boolean };
}

/** What is known when it is put there. */
export type NewQuarantined = Omit<Quarantined, 'id' | 'decision' | 'approving'>;

/** The quarantine in Redis. All methods throw what ioredis throws. */
export interface Quarantine {
  /** Puts it there, or gives what is there of these keys already; null when the quarantine is full. */
  put(asked: NewQuarantined): Promise<Quarantined | null>;
  /** Oldest first. */
  list(): Promise<Quarantined[]>;
  /** Throws NOT_FOUND. */
  get(id: string): Promise<Quarantined>;
  /**
   * Notes, before anything is revoked for it, that one is being approved: whoever goes on after a crash finds it. Throws
   * NOT_FOUND, CONFLICT (as {@link Quarantine.decide}).
   */
  begin(id: string, approving: NonNullable<Quarantined['approving']>): Promise<Quarantined>;
  /**
   * Decides one, in one atomic step. Approved: the asking keys take the claim, with nothing of the certificate and run of
   * the former, and their next hello is accepted. Throws NOT_FOUND, CONFLICT (decided already, or the claim has changed
   * hands since).
   */
  decide(id: string, decision: Decision): Promise<Quarantined>;
}

/** Whoever can prove an instance's identity could ask with ever new keys. */
const MAX_RECORDS = 1000;

const PUT = `
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept then return kept end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]`;

/** Compare and set; with a verdict of `approving` or `approved` only while the claim is held by the keys of then. */
const DECIDE = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 'decided by somebody else' end
if ARGV[4] ~= 'rejected' then
  local held = redis.call('HMGET', KEYS[2], 'bus', 'puppet')
  if held[1] ~= ARGV[5] or held[2] ~= ARGV[6] then return 'held by other keys than it was then' end
end
if ARGV[4] == 'approved' then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'bus', ARGV[7], 'puppet', ARGV[8], 'group', ARGV[9])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'ok'`;

/** Opens the quarantine. */
export function createQuarantine(door: RedisDoor): Quarantine {
  const key = door.key('quarantine');
  const read = async (id: string) => {
    const text = await door.quick.hget(key, id);
    if (text === null) throw new MusterError('NOT_FOUND', `there is no '${id}' in quarantine`);
    return { text, record: JSON.parse(text) as Quarantined };
  };
  const change = async (
    id: string,
    verdict: Decision['verdict'] | 'approving',
    next: (before: Quarantined) => Quarantined,
  ) => {
    const { text, record } = await read(id);
    if (record.decision !== null)
      throw new MusterError('CONFLICT', `${id} was ${record.decision.verdict} by ${record.decision.by}`);
    const after = next(record);
    const { held, asking, group } = after;
    const keys = [held.busSpki, held.puppetSpki, asking.busSpki, asking.puppetSpki, group];
    const args = [id, text, JSON.stringify(after), verdict, ...keys];
    const said = await door.quick.eval(DECIDE, 2, key, claimKey(door, after), ...args);
    if (said !== 'ok') throw new MusterError('CONFLICT', `${id}: ${String(said)}`);
    return after;
  };
  return {
    async put(asked) {
      const id = quarantineId(asked);
      const record: Quarantined = { id, ...asked, decision: null };
      const kept = await door.quick.eval(PUT, 1, key, id, JSON.stringify(record), MAX_RECORDS);
      return typeof kept === 'string' ? (JSON.parse(kept) as Quarantined) : null;
    },
    async list() {
      const records = (await door.quick.hvals(key)).map((text) => JSON.parse(text) as Quarantined);
      return records.sort((a, b) => a.firstAtMs - b.firstAtMs || (a.id < b.id ? -1 : 1));
    },
    get: async (id) => (await read(id)).record,
    begin: (id, approving) => change(id, 'approving', (before) => ({ ...before, approving })),
    decide: (id, decision) => change(id, decision.verdict, (before) => ({ ...before, decision })),
  };
}

/** The same for the same keys and power-on. Pure. */
function quarantineId({ instanceId, claim, asking }: NewQuarantined): string {
  const text = JSON.stringify([claim, asking.busSpki, asking.puppetSpki]);
  return `${instanceId}.q${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

import { createHash } from 'node:crypto';
import type { RedisDoor } from './redis.ts';

/** Which power-on of which instance is claimed. */
export interface ClaimOf {
  readonly group: string;
  readonly instanceId: string;
  /** From the attestor, e.g. EC2's pendingTime. */
  readonly claim: string;
}

/** What is claimed, without the group: one power-on is claimed once, or a stolen document would be good for every other group. */
type PowerOn = Pick<ClaimOf, 'instanceId' | 'claim'>;

/** The keys that claimed it: SHA-256, hex, of each SPKI. */
export interface ClaimKeys {
  readonly busSpki: string;
  readonly puppetSpki: string;
}

/** What is kept of a claim. */
interface Claim extends ClaimKeys {
  /** The group by which it came. */
  readonly group: string;
  /** The node's certificate on the bus, PEM; null until it is issued. */
  readonly certificate: string | null;
  /** Collectives that the node's login may use. */
  readonly collectives: readonly string[] | null;
  /** True once the run was added: it is never added again, even when the job has been removed with age. */
  readonly added: boolean;
}

/** The claims in Redis: the first keys win, for ever. All methods throw what ioredis throws. */
export interface Claims {
  /** Claims in one atomic step; whoever was first is given back, which may be somebody else, or of another group. */
  claim(of: ClaimOf, keys: ClaimKeys): Promise<Claim>;
  /** Has this bus key claimed it before? */
  holds(of: PowerOn, busSpki: string): Promise<boolean>;
  /** Keeps a certificate unless another controller was faster and `replaces` is not the one that is kept; gives the one that is kept. */
  keepCertificate(of: ClaimOf, certificate: string, replaces: string | null): Promise<string>;
  keepCollectives(of: ClaimOf, collectives: readonly string[]): Promise<void>;
  markAdded(of: ClaimOf): Promise<void>;
  /** Counts refused hellos, one by default. */
  refused(reason: string, count?: number): Promise<void>;
  /** Refused hellos by reason. */
  refusals(): Promise<Record<string, number>>;
}

const CLAIM = `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'bus', ARGV[1], 'puppet', ARGV[2], 'group', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'bus', 'puppet', 'certificate', 'collectives', 'added', 'group')`;

const KEEP_CERTIFICATE = `
local kept = redis.call('HGET', KEYS[1], 'certificate')
if not kept or kept == ARGV[2] then redis.call('HSET', KEYS[1], 'certificate', ARGV[1]); return ARGV[1] end
return kept`;

/** Opens the claims. */
export function createClaims(door: RedisDoor): Claims {
  const key = (of: PowerOn) => claimKey(door, of);
  const refusals = door.key('refusals');
  return {
    async claim(of, keys) {
      const kept = await door.quick.eval(CLAIM, 1, key(of), keys.busSpki, keys.puppetSpki, of.group);
      return claimOf(Array.isArray(kept) ? kept : []);
    },
    async holds(of, busSpki) {
      return (await door.quick.hget(key(of), 'bus')) === busSpki;
    },
    async keepCertificate(of, certificate, replaces) {
      return String(await door.quick.eval(KEEP_CERTIFICATE, 1, key(of), certificate, replaces ?? ''));
    },
    async keepCollectives(of, collectives) {
      await door.quick.hset(key(of), 'collectives', JSON.stringify(collectives));
    },
    async markAdded(of) {
      await door.quick.hset(key(of), 'added', '1');
    },
    async refused(reason, count = 1) {
      await door.quick.hincrby(refusals, reason, count);
    },
    async refusals() {
      const counts = await door.quick.hgetall(refusals);
      return Object.fromEntries(Object.entries(counts).map(([reason, count]) => [reason, Number(count)]));
    },
  };
}

/** Name in Redis of a claim: a hash of `bus`, `puppet`, `group` and what was given for it. */
export function claimKey(door: Pick<RedisDoor, 'key'>, { instanceId, claim }: PowerOn): string {
  return door.key('claim', instanceId, sha256(claim));
}

/** The run id of a claim: the same for the same power-on and key, and another for any other. Pure. */
export function runIdOf(instanceId: string, claim: string, puppetSpki: string): string {
  return `${instanceId}.${sha256(claim + puppetSpki).slice(0, 6)}`;
}

function claimOf([bus, puppet, certificate, collectives, added, group]: readonly unknown[]): Claim {
  return {
    busSpki: String(bus),
    puppetSpki: String(puppet),
    group: String(group),
    certificate: typeof certificate === 'string' ? certificate : null,
    collectives: typeof collectives === 'string' ? (JSON.parse(collectives) as string[]) : null,
    added: added === '1',
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

import type { Clock } from '../core/clock.ts';
import type { Facts, Inventory } from '../core/inventory.ts';
import type { Role } from '../core/names.ts';
import { redactFields } from '../core/redact.ts';
import type { RedisDoor } from './redis.ts';

/** A node or master as it was last heard of. */
export interface KnownNode extends Inventory {
  /** From its certificate. */
  readonly role: Role;
  readonly lastSeenMs: number;
  /** Seconds between two registrations, as the node says; earlier versions did not. */
  readonly everyS?: number;
}

/** Who there is, as far as Redis knows: from registrations, provisioning and discovery. */
export interface Registry {
  /** Notes what a node said of itself. */
  heard(node: Omit<KnownNode, 'lastSeenMs'>): Promise<void>;
  get(identity: string): Promise<KnownNode | null>;
  /** All of them, sorted by identity. */
  list(): Promise<KnownNode[]>;
  forget(identity: string): Promise<void>;
  /** Masters that should answer: known, heard of within the last hours, and not silent when they were last asked. */
  expectedMasters(): Promise<string[]>;
  /** Notes who did not answer and who did. */
  asked(answers: { readonly answered: readonly string[]; readonly silent: readonly string[] }): Promise<void>;
}

/** A master that nobody has heard of for so long is not waited for. */
const EXPECTED_FOR_MS = 6 * 3_600_000;

/** Registrations that a node may miss before it counts as gone. */
const MISSED = 3;

/**
 * Names of nodes that stopped registering: they were terminated, or hang. Measured against whoever registered last and not
 * against the clock, so that nobody is late while no controller listens. Pure.
 */
export function overdue(nodes: Iterable<KnownNode>): Set<string> {
  const all = [...nodes];
  const newestMs = Math.max(...all.map(({ lastSeenMs }) => lastSeenMs));
  const isLate = ({ lastSeenMs, everyS = Number.POSITIVE_INFINITY }: KnownNode) =>
    newestMs - lastSeenMs > MISSED * everyS * 1000;
  return new Set(all.filter(isLate).map(({ identity }) => identity));
}

/** The registry in Redis; any number of controllers share it. All methods throw what ioredis throws. */
export function createRegistry(door: RedisDoor, clock: Clock): Registry {
  const nodes = door.key('nodes');
  const masters = door.key('masters');
  const silent = door.key('silent');
  const get = async (identity: string) => parse(await door.quick.hget(nodes, identity));
  return {
    get,
    async heard(node) {
      const facts = redactFields(node.facts) as Facts;
      const known: KnownNode = { ...node, facts, lastSeenMs: clock.nowMs() };
      const write = door.quick
        .multi()
        .hset(nodes, node.identity, JSON.stringify(known))
        .srem(silent, node.identity);
      // Only a certificate makes a master: any node may say that it serves the agent.
      if (node.role === 'master' && node.agents.includes('puppetca')) write.sadd(masters, node.identity);
      else write.srem(masters, node.identity);
      await write.exec();
    },
    async list() {
      const all = (await door.quick.hvals(nodes)).map(parse).filter((node) => node !== null);
      return all.sort((a, b) => (a.identity < b.identity ? -1 : 1));
    },
    async forget(identity) {
      await door.quick.multi().hdel(nodes, identity).srem(masters, identity).srem(silent, identity).exec();
    },
    async expectedMasters() {
      const identities = await door.quick.sdiff(masters, silent);
      const known = await Promise.all(identities.map(get));
      const sinceMs = clock.nowMs() - EXPECTED_FOR_MS;
      return known
        .filter((node) => node !== null && node.lastSeenMs >= sinceMs)
        .map((node) => node?.identity ?? '');
    },
    async asked({ answered, silent: quiet }) {
      const write = door.quick.multi();
      if (answered.length > 0) write.srem(silent, ...answered);
      if (quiet.length > 0) write.sadd(silent, ...quiet);
      await write.exec();
    },
  };
}

function parse(json: string | null): KnownNode | null {
  // Records of earlier versions have no classes.
  if (json === null) return null;
  const known: Omit<KnownNode, 'classes'> & Partial<KnownNode> = JSON.parse(json);
  return { ...known, classes: known.classes ?? [] };
}

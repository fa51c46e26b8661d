import type { Clock } from '../core/clock.ts';
import { MusterError } from '../core/errors.ts';
import { identityName } from '../core/names.ts';
import { type CaBook, Revocation } from '../trust/ca-book.ts';
import { RevocationList } from '../trust/revocation.ts';
import type { RedisDoor } from './redis.ts';

/** Longest life of a certificate of which nothing is known. */
const UNKNOWN_MS = 3650 * 86_400_000;

/** What an operator says of a name. */
export interface RevocationWish {
  readonly name: string;
  readonly reason: string;
  /** Revoke: its certificates count no more, and no hello lets it in. Reinstate: a hello lets it in again. */
  readonly verb: 'revoke' | 'reinstate';
  /** When it is decided, if not now: whoever decides the same again says the same time. */
  readonly atMs?: number;
}

/**
 * The decision to be written into a book. Throws USAGE (no name, no reason); NOT_FOUND when a name that was never revoked is
 * to be reinstated.
 */
export function decide(book: CaBook, wish: RevocationWish, nowMs: number): Revocation {
  const { name, reason, verb } = wish;
  if (!identityName.safeParse(name).success)
    throw new MusterError('USAGE', `'${name}' is no name of a certificate`);
  if (reason.trim() === '') throw new MusterError('USAGE', '--reason is empty: say why, others will read it');
  const known = book.revocations().get(name);
  // The last word is the one with the later time.
  const atMs = wish.atMs ?? Math.max(nowMs, (known?.at_ms ?? 0) + 1);
  const common = { at_ms: atMs, name, reason: reason.trim().slice(0, 500) };
  if (verb === 'reinstate') {
    if (known === undefined) throw new MusterError('NOT_FOUND', `${name} was not revoked`);
    return { ...known, ...common, barred: false };
  }
  const issued = book.issued().filter((entry) => entry.name === name);
  return {
    ...common,
    role: issued.at(-1)?.role ?? known?.role ?? null,
    before_ms: wish.atMs ?? nowMs,
    until_ms:
      issued.length === 0 ? nowMs + UNKNOWN_MS : Math.max(...issued.map((entry) => entry.not_after_ms)),
    barred: true,
  };
}

/** Decisions on their way between the books of all hosts, through Redis. All methods throw what ioredis throws. */
export interface RevokedStore {
  /** Brings book and Redis to the same state; a decision that either knows is never lost. */
  sync(): Promise<RevocationList>;
  /** Names whose broker users are still to be deleted. */
  toDrop(): Promise<string[]>;
  dropped(name: string): Promise<void>;
}

/**
 * Opens the store. Truth is the book beside the key of the CA, because a CA that cannot note what it does must not act;
 * controllers on other hosts have a copy of the key and a book of their own, and all books converge: decisions are only
 * added, and adding them in any order gives the same. `onNews` is told of each decision that the book knows and Redis does
 * not, before Redis is; when it throws, both are tried again at the next look.
 */
export function createRevokedStore(
  door: RedisDoor,
  book: CaBook,
  onNews: (decision: Revocation) => Promise<void> = async () => undefined,
): RevokedStore {
  const [entries, version, users] = [
    door.key('revoked'),
    door.key('revoked', 'version'),
    door.key('revoked', 'users'),
  ];
  let seen: string | null = null;
  const sync = async (): Promise<RevocationList> => {
    const list = book.revocations();
    const now = await door.quick.get(version);
    if (seen === `${now} ${list.changes}`) return list;
    const there = await door.quick.hgetall(entries);
    takeInto(book, list, there);
    const news = list.entries().filter((entry) => there[entry.name] !== JSON.stringify(entry));
    if (news.length > 0) {
      for (const entry of news) await onNews(entry);
      const fields = news.flatMap((entry) => [entry.name, JSON.stringify(entry)]);
      const write = door.quick
        .multi()
        .hset(entries, ...fields)
        .incr(version);
      // Revoked while Redis was away, or by a command that does not know it.
      const barred = news.filter((entry) => entry.barred).map((entry) => entry.name);
      if (barred.length > 0) write.sadd(users, ...barred);
      await write.exec();
    }
    // The version as it was before reading: what others wrote meanwhile is read at the next look.
    else seen = `${now} ${list.changes}`;
    return list;
  };
  return {
    sync,
    toDrop: () => door.quick.smembers(users),
    dropped: async (name) => void (await door.quick.srem(users, name)),
  };
}

/** What the controllers have in Redis, for who has no book of his own. Throws what ioredis throws. */
export async function readRevoked(door: RedisDoor): Promise<RevocationList> {
  const list = new RevocationList();
  for (const entry of entriesOf(await door.quick.hgetall(door.key('revoked')))) list.add(entry);
  return list;
}

function takeInto(book: CaBook, list: RevocationList, there: Readonly<Record<string, string>>): void {
  for (const entry of entriesOf(there)) if (list.add(entry)) book.revoke(entry);
}

function entriesOf(there: Readonly<Record<string, string>>): Revocation[] {
  return Object.values(there).flatMap((json) => {
    const entry = Revocation.safeParse(JSON.parse(json));
    return entry.success ? [entry.data] : [];
  });
}

/** Writes a decision down and sets it going: book, Redis, and the broker user is to go. Throws what {@link decide} throws. */
export async function revokeName(
  own: { book: CaBook; store: RevokedStore; clock: Clock },
  wish: RevocationWish,
): Promise<Revocation> {
  const decision = decide(own.book, wish, own.clock.nowMs());
  own.book.revoke(decision);
  await own.store.sync();
  return decision;
}

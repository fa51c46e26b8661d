import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { CaBook } from '../trust/ca-book.ts';
import type { Decision, Quarantine, Quarantined } from './quarantine.ts';
import { type RevokedStore, revokeName } from './revoked-store.ts';

const LOOK_MS = 200;

/** What deciding about a second key needs. `dropUser` deletes a broker user, which cuts its connections. */
export interface ApproveDeps {
  readonly quarantine: Quarantine;
  /** Opened only when something has to be revoked or reinstated. */
  readonly openBook: () => Promise<CaBook>;
  readonly openStore: (book: CaBook) => RevokedStore;
  readonly dropUser: (name: string) => Promise<void>;
  readonly clock: Clock;
  /** How long a controller is given to delete the broker user when `dropUser` fails. */
  readonly cutWithinMs?: number;
}

/**
 * Gives the claim to the keys that asked second. The name is revoked and barred first, its broker user is deleted, then the
 * claim changes hands, and last the name is let in again: at no moment do both hold it, and whoever was cut off anywhere
 * does it again and ends at the same. Throws NOT_FOUND, CONFLICT (decided already, or the claim has changed hands since),
 * USAGE, BROKER_UNREACHABLE (the first holder is barred, but perhaps still connected), and what Redis throws.
 */
export async function approve(id: string, decision: Decision, deps: ApproveDeps): Promise<Quarantined> {
  const { quarantine, clock } = deps;
  const before = await quarantine.get(id);
  // Said before anything is opened: what was rejected stays so.
  if (before.decision?.verdict === 'rejected') return quarantine.decide(id, decision);
  const book = await deps.openBook();
  const own = { book, store: deps.openStore(book), clock };
  await own.store.sync();
  if (before.decision?.verdict === 'approved' && (await settle(before, own))) return before;
  const { identity: name } = before;
  // By this time the revocation is known again. Of two who approve at once, the one that comes late finds a later word.
  const atMs = Math.max(clock.nowMs(), (book.revocations().get(name)?.at_ms ?? 0) + 1);
  const barredBefore = before.approving?.barredBefore ?? book.revocations().bars(name);
  const begun = await quarantine.begin(id, { atMs, barredBefore });
  try {
    const reason = `quarantine ${id}: ${decision.reason}`;
    await revokeName(own, { name, verb: 'revoke', reason, atMs });
    await cut(name, own.store, deps);
    const decided = await quarantine.decide(id, decision);
    await settle({ ...begun, decision }, own);
    return decided;
  } catch (thrown) {
    // Somebody else was faster: his decision stands, and what was barred for ours is let in again.
    if (asMusterError(thrown).code === 'CONFLICT') await settle(begun, own);
    throw thrown;
  }
}

/** Keeps the keys that asked second out for good; an approval that was cut off is taken back. Throws as {@link approve}. */
export async function reject(id: string, decision: Decision, deps: ApproveDeps): Promise<Quarantined> {
  const decided = await deps.quarantine.decide(id, decision);
  if (decided.approving === undefined) return decided;
  const book = await deps.openBook();
  const own = { book, store: deps.openStore(book), clock: deps.clock };
  await own.store.sync();
  await settle(decided, own);
  return decided;
}

/** Lets the name in again if it is barred for this approval and for nothing else; true when it did. */
async function settle(
  { id, identity: name, approving, decision }: Quarantined,
  own: { book: CaBook; store: RevokedStore; clock: Clock },
): Promise<boolean> {
  const known = own.book.revocations().get(name);
  if (known?.barred !== true || approving === undefined || known.at_ms !== approving.atMs) return false;
  if (approving.barredBefore && decision?.verdict !== 'approved') return false;
  // Certificates have whole seconds: one of this second would count only from the next one on.
  const countsAtMs = Math.floor(known.before_ms / 1000 + 1) * 1000;
  await sleep(Math.max(0, countsAtMs - own.clock.nowMs()));
  await revokeName(own, { name, verb: 'reinstate', reason: `quarantine ${id} is decided` });
  return true;
}

/** Deletes the broker user here, or waits until a controller has. */
async function cut(name: string, store: RevokedStore, deps: ApproveDeps): Promise<void> {
  const { clock, cutWithinMs = 10_000 } = deps;
  const why = await deps.dropUser(name).then(
    () => null,
    (thrown: unknown) => asMusterError(thrown),
  );
  if (why === null) return store.dropped(name);
  const endMs = clock.monotonicMs() + cutWithinMs;
  while ((await store.toDrop()).includes(name)) {
    if (clock.monotonicMs() > endMs)
      throw new MusterError(
        'BROKER_UNREACHABLE',
        `${name} is revoked, but its broker user is still there, and so perhaps its connection; nothing was approved yet, say it again: ${why.message}`,
        { cause: why },
      );
    await sleep(LOOK_MS);
  }
}

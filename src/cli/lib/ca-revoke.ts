import { join } from 'node:path';
import { createBrokerAdmin } from '../../bus/admin.ts';
import { openRedis } from '../../controller/redis.ts';
import {
  createRevokedStore,
  decide,
  type RevocationWish,
  revokeName,
} from '../../controller/revoked-store.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { loadCa } from '../../trust/ca.ts';
import type { Revocation } from '../../trust/ca-book.ts';
import { managementPassword } from './broker-password.ts';
import { operationsOf } from './operation.ts';

/** What has become of a decision. `cut`: the broker user is gone; else a controller deletes it. */
export interface Revoked {
  readonly decision: Revocation;
  readonly cut: boolean;
}

/** Only writes the decision into the book of a folder: a controller that uses the folder spreads it. */
export async function revokeOffline(dir: string, wish: RevocationWish): Promise<Revoked> {
  const { book } = await loadCa(dir);
  const decision = decide(book, wish, systemClock.nowMs());
  book.revoke(decision);
  return { decision, cut: false };
}

/**
 * Writes the decision down, tells the controllers through Redis, and deletes the broker user at once. Throws NOT_FOUND (no
 * CA, name not revoked), USAGE, REDIS_UNREACHABLE: then it stands in the book, and a controller of this host spreads it.
 */
export async function revokeNow(config: ControllerConfig, wish: RevocationWish): Promise<Revoked> {
  const { book } = await loadCa(config.trust.dir);
  const door = await openRedis(config.redis, silentLog);
  try {
    await door.ready();
    const store = createRevokedStore(door, book);
    const operations = await operationsOf(config, door);
    const operation = { agent: 'ca', action: wish.verb, subject: wish.name, reason: wish.reason };
    const decision = await operations.carry(operation, () =>
      revokeName({ book, store, clock: systemClock }, wish),
    );
    if (wish.verb === 'reinstate') return { decision, cut: false };
    const cut = await deleteUser(config, wish.name).then(
      () => true,
      () => false,
    );
    if (cut) await store.dropped(wish.name);
    return { decision, cut };
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== 'REDIS_UNREACHABLE') throw error;
    await revokeOffline(config.trust.dir, wish);
    const where = join(config.trust.dir, 'revoked.jsonl');
    throw new MusterError(error.code, `${error.message}; noted in ${where}, a controller here spreads it`, {
      cause: thrown,
    });
  } finally {
    await door.close();
  }
}

/** Deletes a broker user, which cuts its connections. Throws BROKER_UNREACHABLE, BROKER_REFUSED, CONFLICT, CONFIG_INVALID. */
export async function deleteUser({ broker }: ControllerConfig, name: string): Promise<void> {
  const { management_url: url, management_user: user, vhost } = broker;
  const password = await managementPassword(broker);
  await createBrokerAdmin({ url, user, password, vhost }).revokeUser(name);
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRpcClient, type RpcClient } from '../../bus/client.ts';
import { openBus } from '../../bus/connection.ts';
import { openRedis } from '../../controller/redis.ts';
import { createRegistry, type Registry } from '../../controller/registry.ts';
import { readRevoked } from '../../controller/revoked-store.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import type { Opener, Sealer } from '../../core/seal.ts';
import { RevocationList } from '../../trust/revocation.ts';
import { createOpener, createSealer } from '../../trust/seal.ts';
import { commonName } from './certificate-name.ts';

/** Longest wait for the broker, in seconds. */
const CONNECT_S = 5;

/** What a command needs to ask nodes: a client with the caller's certificate, and who there is. */
export interface Fleet {
  readonly rpc: RpcClient;
  readonly registry: Registry;
  /** BROKER_UNREACHABLE when the connection was lost after it had been up: answers on their way then do not come. */
  lost(): MusterError | null;
  close(): Promise<void>;
}

/**
 * Connects to broker and Redis; what a revoked node says does not count. Throws CONFIG_INVALID (names setting and file),
 * BROKER_UNREACHABLE, BROKER_REFUSED, REDIS_UNREACHABLE, each within a few seconds: `limitS` for the broker.
 */
export async function openFleet(config: ControllerConfig, limitS = CONNECT_S): Promise<Fleet> {
  let revoked = new RevocationList();
  // Before anything is connected: what does not fit must not leave a connection behind.
  const own = await identityOf(config.trust, (of) => revoked.revokes(of));
  const { host, port, vhost } = config.broker;
  let lost: MusterError | null = null;
  const bus = openBus({
    onState: (state, why) => {
      if (state === 'connecting' && why !== null) lost = connectionLost(why);
    },
    broker: { host, port, vhost, tls: own.tls },
    log: silentLog,
    clock: systemClock,
  });
  const redis = await openRedis(config.redis, silentLog).catch(async (thrown: unknown) => {
    await bus.close();
    throw thrown;
  });
  const rpc = createRpcClient({ ...own, bus, log: silentLog, clock: systemClock });
  // The bus first, and its subscriptions go with it: to end them one by one would wait for a broker that may be gone.
  const close = async (): Promise<void> => {
    await Promise.all([bus.close(), redis.close()]);
  };
  try {
    await Promise.all([
      bus.ready({ timeoutS: Math.min(limitS, CONNECT_S), giveUpOnRefusal: true }),
      redis.ready().then(async () => {
        revoked = await readRevoked(redis);
      }),
    ]);
  } catch (error) {
    await close();
    throw error;
  }
  return { rpc, registry: createRegistry(redis, systemClock), lost: () => lost, close };
}

function connectionLost(cause: MusterError): MusterError {
  return new MusterError(
    'BROKER_UNREACHABLE',
    `the connection to the broker was lost while nodes were asked: ${cause.message}`,
    { details: ['nodes that are named as silent may have done what was asked'], cause },
  );
}

/** Who asks, and whom it trusts, from the files that the config names. */
async function identityOf(
  trust: ControllerConfig['trust'],
  revokes: (certificate: Parameters<RevocationList['revokes']>[0]) => boolean,
): Promise<{ sealer: Sealer; opener: Opener; tls: { ca: string; cert: string; key: string } }> {
  const paths = { ca: join(trust.dir, 'ca.pem'), cert: trust.certificate, key: trust.key };
  const [ca, cert, key] = await Promise.all([
    readPem('trust.dir', paths.ca),
    readPem('trust.certificate', paths.cert),
    readPem('trust.key', paths.key),
  ]);
  const name = fitting('trust.certificate', paths.cert, () => commonName(cert));
  return {
    sealer: fitting('trust.key', paths.key, () => createSealer({ name, certificatePem: cert, keyPem: key })),
    opener: fitting('trust.dir', paths.ca, () =>
      createOpener({ caPem: ca, clock: systemClock, revoked: (_serial, of) => revokes(of) }),
    ),
    tls: { ca, cert, key },
  };
}

async function readPem(setting: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const why = asMusterError(cause).message;
    throw new MusterError('CONFIG_INVALID', `${setting}: ${path} cannot be read: ${why}`, { cause });
  });
}

function fitting<T>(setting: string, path: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const why = asMusterError(cause).message;
    throw new MusterError('CONFIG_INVALID', `${setting}: ${path} does not fit: ${why}`, { cause });
  }
}

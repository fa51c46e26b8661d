import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRpcClient, type RpcClient } from '../../bus/client.ts';
import { openBus } from '../../bus/connection.ts';
import { openRedis } from '../../controller/redis.ts';
import { createRegistry, type Registry } from '../../controller/registry.ts';
import { readRevoked } from '../../controller/revoked-store.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
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
 * Connects to broker and Redis; what a revoked node says does not count. Throws CONFIG_INVALID (a certificate cannot be read),
 * BROKER_UNREACHABLE, BROKER_REFUSED, REDIS_UNREACHABLE, each within a few seconds: `limitS` for the broker.
 */
export async function openFleet(config: ControllerConfig, limitS = CONNECT_S): Promise<Fleet> {
  const [caPem, certificatePem, keyPem] = await Promise.all(
    [join(config.trust.dir, 'ca.pem'), config.trust.certificate, config.trust.key].map(readPem),
  );
  const name = commonName(certificatePem ?? '');
  const { host, port, vhost } = config.broker;
  let lost: MusterError | null = null;
  const bus = openBus({
    onState: (state, why) => {
      if (state === 'connecting' && why !== null) lost = connectionLost(why);
    },
    broker: { host, port, vhost, tls: { ca: caPem ?? '', cert: certificatePem ?? '', key: keyPem ?? '' } },
    log: silentLog,
    clock: systemClock,
  });
  const redis = await openRedis(config.redis, silentLog);
  let revoked = new RevocationList();
  const own = { certificatePem: certificatePem ?? '', keyPem: keyPem ?? '' };
  const rpc = createRpcClient({
    bus,
    sealer: createSealer({ name, ...own }),
    opener: createOpener({
      caPem: caPem ?? '',
      clock: systemClock,
      revoked: (_serial, of) => revoked.revokes(of),
    }),
    log: silentLog,
    clock: systemClock,
  });
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

async function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('CONFIG_INVALID', `cannot read the certificate or key ${path}`, { cause });
  });
}

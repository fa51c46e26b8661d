import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRpcClient, type RpcClient } from '../../bus/client.ts';
import { openBus } from '../../bus/connection.ts';
import type { Registry } from '../../controller/registry.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { createOpener, createSealer } from '../../trust/seal.ts';
import { commonName } from './certificate-name.ts';

/** Longest wait for the broker, in seconds. */
const CONNECT_S = 5;

/** A client with the certificate of who typed the command. */
export interface Caller {
  readonly rpc: RpcClient;
  /** BROKER_UNREACHABLE when the connection was lost after it had been up: answers on their way then do not come. */
  lost(): MusterError | null;
  close(): Promise<void>;
}

/** What a command needs to ask nodes: a client, and who there is. */
export interface Fleet extends Caller {
  readonly registry: Registry;
}

/**
 * Connects to broker and Redis. Throws CONFIG_INVALID (a certificate cannot be read), BROKER_UNREACHABLE,
 * BROKER_REFUSED, REDIS_UNREACHABLE, each within a few seconds: `limitS` for the broker.
 */
export async function openFleet(config: ControllerConfig, limitS = CONNECT_S): Promise<Fleet> {
  const { openRedis } = await import('../../controller/redis.ts');
  const { createRegistry } = await import('../../controller/registry.ts');
  const redis = await openRedis(config.redis, silentLog);
  const [caller, there] = await Promise.allSettled([openCaller(config, limitS), redis.ready()]);
  const close = async (): Promise<void> => {
    await Promise.all([caller.status === 'fulfilled' ? caller.value.close() : undefined, redis.close()]);
  };
  if (caller.status === 'fulfilled' && there.status === 'fulfilled')
    return { ...caller.value, registry: createRegistry(redis, systemClock), close };
  await close();
  throw caller.status === 'rejected' ? caller.reason : there.status === 'rejected' ? there.reason : undefined;
}

/** Connects to the broker alone. Throws as {@link openFleet}. */
export async function openCaller(config: ControllerConfig, limitS = CONNECT_S): Promise<Caller> {
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
  const own = { certificatePem: certificatePem ?? '', keyPem: keyPem ?? '' };
  const rpc = createRpcClient({
    bus,
    sealer: createSealer({ name, ...own }),
    opener: createOpener({ caPem: caPem ?? '', clock: systemClock }),
    log: silentLog,
    clock: systemClock,
  });
  // Subscriptions end with the bus: to end them one by one would wait for a broker that may be gone.
  const close = (): Promise<void> => bus.close();
  try {
    await bus.ready({ timeoutS: Math.min(limitS, CONNECT_S), giveUpOnRefusal: true });
  } catch (error) {
    await close();
    throw error;
  }
  return { rpc, lost: () => lost, close };
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

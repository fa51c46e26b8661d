import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { ControllerConfig } from '../core/config/controller.ts';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

const READY_MS = 3000;

/** The connections to Redis, and the names of our keys. */
export interface RedisDoor {
  /** Beginning of every key; BullMQ's `prefix` too. */
  readonly prefix: string;
  /** Gives up after one reconnection: for producers and look-ups, whose callers can answer "later". */
  readonly quick: Redis;
  /** Waits until Redis is back: for BullMQ's workers. */
  readonly patient: Redis;
  /** Name of a key of ours that is not BullMQ's. */
  key(...parts: readonly string[]): string;
  /** Resolves when Redis answers; throws REDIS_UNREACHABLE that names host and port within about 3 s. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens both connections; nothing is sent before the first use or `ready()`. The password comes from its file.
 * Throws CONFIG_INVALID when that file cannot be read.
 */
export async function openRedis(config: ControllerConfig['redis'], log: Log): Promise<RedisDoor> {
  const password = await readPassword(config.password_file);
  const common = {
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    connectTimeout: READY_MS - 500,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
  };
  const where = hostAndPort(config.url);
  const quick = new Redis(config.url, { ...common, maxRetriesPerRequest: 1 });
  const patient = new Redis(config.url, { ...common, maxRetriesPerRequest: null });
  for (const client of [quick, patient]) tellOutages(client, where, log);
  return {
    prefix: config.prefix,
    quick,
    patient,
    key: (...parts) => [config.prefix, 'store', ...parts].join(':'),
    ready: () => ready(quick, where),
    async close() {
      quick.disconnect();
      patient.disconnect();
    },
  };
}

/** Warns when Redis may throw keys away; where the setting may not be read nothing is said. *Source:* BullMQ, "Going to production". */
export async function warnOnEviction(door: RedisDoor, log: Log): Promise<void> {
  const answer = await door.quick.config('GET', 'maxmemory-policy').catch(() => []);
  const policy = Array.isArray(answer) ? answer[1] : undefined;
  if (typeof policy === 'string' && policy !== 'noeviction') {
    log.warn({ policy, wanted: 'noeviction' }, 'Redis may drop runs: set maxmemory-policy');
  }
}

async function ready(client: Redis, where: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let refusal: Error | undefined;
  const refused = (error: Error) => {
    refusal = error;
  };
  client.on('error', refused);
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${READY_MS / 1000} s`)), READY_MS);
  });
  try {
    await Promise.race([client.ping(), late]);
  } catch (cause) {
    // The client says at last that it has tried often enough; what the connection said is what helps.
    const why = refusal ?? asMusterError(cause);
    throw new MusterError('REDIS_UNREACHABLE', `Redis at ${where} does not answer: ${why.message}`, {
      cause,
    });
  } finally {
    client.off('error', refused);
    clearTimeout(timer);
  }
}

async function readPassword(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new MusterError('CONFIG_INVALID', `redis.password_file: ${file} cannot be read`, { cause });
  }
}

function hostAndPort(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || '127.0.0.1'}:${port || '6379'}`;
}

/** One line when the connection is lost and one when it is back: ioredis would tell every try. */
function tellOutages(client: Redis, where: string, log: Log): void {
  let down = false;
  client.on('error', (error: Error) => {
    if (!down) log.warn({ redis: where, reason: error.message }, 'Redis does not answer');
    down = true;
  });
  client.on('ready', () => {
    if (down) log.info({ redis: where }, 'Redis answers again');
    down = false;
  });
}

import type { RedisDoor } from '../../controller/redis.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';

/** Runs `use` with the controller's store in Redis, and lets go of it. Throws REDIS_UNREACHABLE within a few seconds. */
export async function withStore<T>(
  config: Pick<ControllerConfig, 'redis'>,
  use: (door: RedisDoor) => Promise<T>,
): Promise<T> {
  const { openRedis } = await import('../../controller/redis.ts');
  const { silentLog } = await import('../../core/log.ts');
  const door = await openRedis(config.redis, silentLog);
  try {
    await door.ready();
    return await use(door);
  } finally {
    await door.close();
  }
}

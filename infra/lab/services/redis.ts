import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabPaths, PORTS } from '../layout.ts';
import { runOk } from '../process.ts';
import { programService, type Service } from './service.ts';

/** redis.conf of the lab: what BullMQ asks for (append-only file, no eviction), and no listener that a box reaches. */
export function renderRedisConf(options: {
  addresses: readonly string[];
  dir: string;
  password: string;
}): string {
  return [
    `bind ${options.addresses.join(' ')}`,
    `port ${PORTS.redis}`,
    `dir ${options.dir}`,
    `requirepass ${options.password}`,
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'save ""',
    'daemonize no',
    '',
  ].join('\n');
}

/** Redis for the controller. `labAddress` is the one that the host reaches. */
export function redisService(paths: LabPaths, labAddress: string, password: string): Service {
  return programService('redis', async () => {
    const conf = join(paths.redis, 'redis.conf');
    await mkdir(paths.redis, { recursive: true, mode: 0o700 });
    const text = renderRedisConf({ addresses: ['127.0.0.1', labAddress], dir: paths.redis, password });
    await writeFile(conf, text, { mode: 0o600 });
    const ready = async () => {
      const env = { PATH: process.env.PATH, REDISCLI_AUTH: password }; // the environment, since arguments are public
      return (await runOk('asking redis', ['redis-cli', 'ping'], { env, timeoutS: 2 })).includes('PONG');
    };
    const logPath = join(paths.log, 'redis.log');
    return { name: 'redis', argv: ['redis-server', conf], logPath, ready, readyLimitS: 20 };
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedis, type RedisDoor } from '../../src/controller/redis.ts';
import { ControllerConfig } from '../../src/core/config/controller.ts';
import { silentLog } from '../../src/core/log.ts';

/** A private Redis with an append-only file in a folder of its own. */
export interface TestRedis {
  readonly url: string;
  /** New connections, closed with `stop()`. Each test takes another prefix. */
  door(prefix?: string): Promise<RedisDoor>;
  /** SIGKILL; `start` brings it back with what it had written. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

let prefixes = 0;

/** Starts redis-server on a free port. It ends with `stop()`, or with the process. */
export async function startRedis(): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const doors: RedisDoor[] = [];
  let child = await boot(dir, port);
  const end = () => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', end);
  return {
    url,
    async door(prefix = `t${++prefixes}`) {
      const door = await openRedis(ControllerConfig.shape.redis.parse({ url, prefix }), silentLog);
      await door.ready();
      doors.push(door);
      return door;
    },
    async kill() {
      const gone = exited(child);
      child.kill('SIGKILL');
      await gone;
    },
    async start() {
      child = await boot(dir, port);
    },
    async stop() {
      await Promise.all(doors.map((door) => door.close()));
      process.off('exit', end);
      const gone = exited(child);
      child.kill('SIGKILL');
      await gone;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Everything that Redis holds, as text. */
export async function everythingIn({ quick }: RedisDoor): Promise<string> {
  const read: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    string: (key) => quick.get(key),
    hash: (key) => quick.hgetall(key),
    list: (key) => quick.lrange(key, 0, -1),
    set: (key) => quick.smembers(key),
    zset: (key) => quick.zrange(key, '0', '-1'),
    stream: (key) => quick.xrange(key, '-', '+'),
  };
  const keys = await quick.keys('*');
  const values = await Promise.all(keys.map(async (key) => read[await quick.type(key)]?.(key)));
  return JSON.stringify([keys, values]);
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function boot(dir: string, port: number): Promise<ChildProcess> {
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('redis-server ended at its start')));
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve();
    });
  });
  return child;
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

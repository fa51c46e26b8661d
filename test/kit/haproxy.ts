import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { exists } from '../../agent/files.ts';
import { eventually } from '../agent/temp.ts';

/** A HAProxy of Debian in a folder of the test. */
export interface TestHaproxy {
  /** Stats socket with all rights; `operator.sock` beside it has fewer. */
  readonly socket: string;
  /** Takes connections for `web/app1`. */
  readonly frontPort: number;
  /** Where `web/app1` and `api/app1` are looked for; nobody listens there yet. */
  readonly backPort: number;
  stop(): Promise<void>;
}

/** Starts haproxy with three servers: web/app1, web/app2 (neither is checked, app2 gets no sessions), api/app1 (checked). */
export async function startHaproxy(dir: string): Promise<TestHaproxy> {
  const [frontPort, backPort] = await freePorts();
  const socket = join(dir, 'admin.sock');
  const config = join(dir, 'haproxy.cfg');
  await writeFile(
    config,
    `global
  stats socket ${socket} mode 600 level admin
  stats socket ${join(dir, 'operator.sock')} mode 600 level operator
defaults
  mode tcp
  timeout connect 2s
  timeout client 1m
  timeout server 1m
frontend front
  bind 127.0.0.1:${frontPort}
  default_backend web
backend web
  server app1 127.0.0.1:${backPort} weight 100
  server app2 127.0.0.1:1 weight 50 backup
backend api
  server app1 127.0.0.1:${backPort} check inter 200ms fall 1 rise 1
`,
  );
  const child = spawn('haproxy', ['-db', '-q', '-f', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = ended.then(() => Promise.reject(new Error('haproxy ended at its start')));
  await Promise.race([eventually(() => exists(socket)), failed]);
  return {
    ...{ socket, frontPort, backPort },
    async stop() {
      failed.catch(() => undefined);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePorts(): Promise<[number, number]> {
  const take = async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return server;
  };
  const servers = [await take(), await take()] as const;
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

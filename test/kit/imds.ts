import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small IMDSv2 for tests of its client. */
export interface FakeImds extends AsyncDisposable {
  readonly url: string;
  /** `METHOD PATH` of each request so far. */
  readonly calls: string[];
  /** Forgets the tokens, as the service of an instance that was stopped and started. */
  forget(): void;
  /** How many of the next requests are answered with 503. */
  failing: number;
}

/** Serves these paths under `/latest/`; folders list themselves from the leaves below them. */
export async function startImds(leaves: Readonly<Record<string, string>>): Promise<FakeImds> {
  const calls: string[] = [];
  const tokens = new Set<string>();
  let failing = 0;
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    const end = (status: number, body = '') => void response.writeHead(status).end(body);
    if (failing > 0) {
      failing -= 1;
      return end(503);
    }
    if (request.method === 'PUT' && request.url === '/latest/api/token') {
      if (!/^\d+$/.test(String(request.headers['x-aws-ec2-metadata-token-ttl-seconds']))) return end(400);
      const token = `token-${tokens.size}-${Math.random()}`;
      tokens.add(token);
      return end(200, token);
    }
    if (!tokens.has(String(request.headers['x-aws-ec2-metadata-token']))) return end(401);
    const path = (request.url ?? '').replace(/^\/latest\//, '');
    const found = leaves[path] ?? listing(leaves, path);
    return found === null ? end(404) : end(200, found);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    forget: () => tokens.clear(),
    get failing() {
      return failing;
    },
    set failing(count: number) {
      failing = count;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function listing(leaves: Readonly<Record<string, string>>, folder: string): string | null {
  const below = Object.keys(leaves).filter((path) => path.startsWith(folder) && folder.endsWith('/'));
  const names = below.map((path) => path.slice(folder.length)).map((rest) => rest.replace(/\/.*$/, '/'));
  return names.length === 0 ? null : [...new Set(names)].join('\n');
}

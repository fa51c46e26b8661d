import { createReadStream } from 'node:fs';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type LabPaths, PORTS } from '../layout.ts';
import { type Service, serverService } from './service.ts';

/** HTTPS server of the files in STATE_DIR/mirror, where a bundle of the daemon is put for nodes to fetch. */
export function mirrorService(paths: LabPaths): Service {
  return serverService('mirror', async () => {
    await mkdir(paths.mirror, { recursive: true, mode: 0o755 });
    const [key, cert] = await Promise.all([readFile(paths.servicesKey), readFile(paths.servicesCertificate)]);
    const server = createServer({ key, cert }, (request, response) => {
      send(paths.mirror, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(PORTS.mirror, '0.0.0.0', resolve));
    return async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
  });
}

async function send(dir: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = await fileOf(dir, request.url ?? '/');
  if (path === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(path === undefined ? 404 : 405).end();
    return;
  }
  const { size } = await stat(path);
  response.writeHead(200, { 'content-length': size, 'content-type': 'application/octet-stream' });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(path), response);
}

/** The file that a URL names, if it lies in `dir` also after symbolic links are followed. */
async function fileOf(dir: string, url: string): Promise<string | undefined> {
  try {
    const path = await realpath(join(dir, decodeURIComponent(new URL(url, 'https://mirror').pathname)));
    const inside = path.startsWith(`${await realpath(dir)}${sep}`);
    return inside && (await stat(path)).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

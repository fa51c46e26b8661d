import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Log } from '../../../../src/core/log.ts';
import type { IdentityFile } from '../identity.ts';
import type { Instance } from '../instance.ts';
import type { Roles } from '../roles.ts';
import { createTokens, parseTtl, type Tokens } from './tokens.ts';
import { leaves, listing, VERSIONS } from './tree.ts';

const TOKEN_PATH = '/latest/api/token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** What the metadata service is built on. */
export interface ImdsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Which instance has that peer address? */
  readonly byAddress: (address: string) => Instance | undefined;
  readonly identity: (instance: Instance, file: IdentityFile) => Promise<string>;
  readonly roles: Pick<Roles, 'credentialsOf'>;
}

/** The instance metadata service, not yet listening. *Source:* EC2 user guide, "Use the Instance Metadata Service". */
export function createImds(options: ImdsOptions): Server {
  const tokens = createTokens(options.clock);
  return createServer((request, response) => {
    const peer = (request.socket.remoteAddress ?? '').replace('::ffff:', '');
    const instance = options.byAddress(peer);
    request.resume();
    answer(request, instance, tokens, options)
      .catch((error: unknown): Answer => {
        options.log.error({ err: error, peer }, 'metadata service failed');
        return { status: 500 };
      })
      .then(({ status, body = status === 200 ? '' : `${status}`, headers = {} }) => {
        options.log.debug(
          { instanceId: instance?.id, method: request.method, url: request.url, status },
          'metadata',
        );
        const length = { 'content-length': Buffer.byteLength(body) };
        response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws', ...length, ...headers });
        response.end(body);
      });
  });
}

async function answer(
  request: IncomingMessage,
  instance: Instance | undefined,
  tokens: Tokens,
  options: ImdsOptions,
): Promise<Answer> {
  if (!instance) return { status: 404 };
  const { httpEndpoint, httpTokens } = instance.spec.metadataOptions;
  if (httpEndpoint === 'disabled') return { status: 403 };
  const path = (request.url ?? '/').replace(/\?.*$/, '').replace(/\/{2,}/g, '/');
  if (path === TOKEN_PATH) return issueToken(request, instance, tokens);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD' } };
  const token = request.headers[TOKEN_HEADER];
  const isAllowed = token === undefined ? httpTokens === 'optional' : tokens.isValid(instance, String(token));
  return isAllowed ? read(path, instance, options) : { status: 401 };
}

function issueToken(request: IncomingMessage, instance: Instance, tokens: Tokens): Answer {
  if (request.method !== 'PUT') return { status: 405, headers: { allow: 'OPTIONS, PUT' } };
  // A proxy that adds this header would hand a token to whoever stands before it.
  if (request.headers['x-forwarded-for'] !== undefined) return { status: 403 };
  const ttlS = parseTtl(request.headers[TTL_HEADER]);
  if (ttlS === undefined) return { status: 400 };
  return { status: 200, body: tokens.issue(instance, ttlS), headers: { [TTL_HEADER]: String(ttlS) } };
}

async function read(path: string, instance: Instance, options: ImdsOptions): Promise<Answer> {
  if (path === '/') return { status: 200, body: VERSIONS.join('\n') };
  const [, version = '', inner = ''] = /^\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  if (!VERSIONS.includes(version)) return { status: 404 };
  const tree = leaves(instance, options.roles.credentialsOf(instance));
  const leaf = tree.get(decode(inner));
  if (typeof leaf === 'string' || Buffer.isBuffer(leaf)) return { status: 200, body: leaf };
  if (leaf) return { status: 200, body: await options.identity(instance, leaf.identity) };
  const body = listing(tree, inner.replace(/\/$/, ''));
  return body === undefined ? { status: 404 } : { status: 200, body };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

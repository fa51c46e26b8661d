import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../src/core/backoff.ts';
import { asMusterError, MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';

/** The instance metadata service, version 2 only. Paths are under `/latest/`, e.g. `meta-data/ami-id`. */
export interface Imds {
  /** The body, or null for 404. Throws NODE_IO when the service does not answer after bounded tries. */
  get(path: string): Promise<string | null>;
}

/** How the metadata service is asked. */
export interface ImdsOptions {
  /** Base URL, e.g. `http://169.254.169.254`. */
  readonly url: string;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Tries of one request before it is given up. */
  readonly tries?: number;
  /** First wait between two tries, in ms; it doubles, with jitter, to 5 s. */
  readonly baseMs?: number;
}

const TOKEN_TTL_S = 21_600;
const RENEW_BEFORE_S = 300;
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 256 * 1024;

type Call = { readonly method?: 'PUT'; readonly headers: Record<string, string> };
type Fetched = { readonly status: number; readonly body: string };

/**
 * A client of IMDSv2: one session token, renewed before its end and once more when the service answers 401.
 * *Source:* EC2 user guide, "Retrieve instance metadata": PUT /latest/api/token, then the token header on every GET.
 */
export function createImds(options: ImdsOptions): Imds {
  let token: { value: string; renewAtMs: number } | undefined;

  async function request(path: string, init: Call): Promise<Fetched> {
    const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
    // Not fetch: its first use costs a resident process 15 MB for good.
    const { request: send } = await import('node:http');
    const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
    const outgoing = send(new URL(`/latest/${path}`, options.url), { ...init, signal }, (incoming) => {
      collect(incoming, path).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
    return promise;
  }

  async function freshToken(): Promise<string> {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_S) };
    const answer = await request('api/token', { method: 'PUT', headers });
    if (answer.status !== 200)
      throw new MusterError('NODE_IO', `IMDS refused a session token with status ${answer.status}`);
    token = { value: answer.body, renewAtMs: performance.now() + (TOKEN_TTL_S - RENEW_BEFORE_S) * 1000 };
    return answer.body;
  }

  async function getOnce(path: string): Promise<string | null> {
    const known = token !== undefined && performance.now() < token.renewAtMs ? token.value : undefined;
    const ask = async (value: string) => request(path, { headers: { 'x-aws-ec2-metadata-token': value } });
    let answer = await ask(known ?? (await freshToken()));
    // The service forgets tokens, e.g. when a stopped instance starts again.
    if (answer.status === 401) answer = await ask(await freshToken());
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new MusterError('NODE_IO', `IMDS answered ${answer.status} for ${path}`);
    return answer.body;
  }

  return { get: (path) => withTries(() => getOnce(path), path, options) };
}

async function collect(incoming: AsyncIterable<Buffer>, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new MusterError('NODE_IO', `IMDS: ${path} is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function withTries<T>(once: () => Promise<T>, path: string, options: ImdsOptions): Promise<T> {
  const tries = options.tries ?? 8;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once();
    } catch (cause) {
      if (options.signal?.aborted === true) throw cause;
      if (attempt + 1 >= tries) throw givenUp(path, tries, options, cause);
      options.log.warn(
        { path, attempt: attempt + 1, err: describe(cause) },
        'IMDS did not answer, trying again',
      );
      await sleep(
        backoffMs(attempt, { baseMs: options.baseMs ?? 250, capMs: 5_000, floorMs: 50 }),
        undefined,
        {
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
      );
    }
  }
}

function givenUp(path: string, tries: number, options: ImdsOptions, cause: unknown): MusterError {
  const message = `the instance metadata service at ${options.url} did not give ${path} in ${tries} tries: ${describe(cause)}`;
  options.log.error(
    { path, tries, err: describe(cause) },
    'IMDS does not answer: is it enabled, with version 2 and a hop limit that reaches here?',
  );
  return new MusterError('NODE_IO', message, { cause });
}

function describe(cause: unknown): string {
  const error = asMusterError(cause);
  const inner = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : '';
  return `${error.message}${inner}`;
}

import { asMusterError, MusterError } from '../core/errors.ts';

const TIMEOUT_MS = 10_000;

/** Where RabbitMQ's management API is. */
export interface AdminOptions {
  /** Base URL without `/api`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** One call; gives the parsed answer, null for an empty one or for 404. Throws BROKER_UNREACHABLE, BROKER_REFUSED. */
export type AdminCall = (
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: readonly string[],
  body?: object,
  query?: Readonly<Record<string, string>>,
) => Promise<unknown>;

/** A client of the management API. *Source:* RabbitMQ management HTTP API 3.10. */
export function adminApi(options: AdminOptions): AdminCall {
  const authorization = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`;
  const base = options.url.replace(/\/+$/, '');
  return async (method, path, body, query) => {
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
    const url = `${base}/api/${path.map(encodeURIComponent).join('/')}${search}`;
    const response = await fetch(url, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new MusterError('BROKER_UNREACHABLE', `${base}: ${reasonOf(cause)}`, { cause });
    });
    const text = await response.text();
    if (response.status === 404 && method !== 'PUT') return null;
    if (response.status >= 500)
      throw new MusterError(
        'BROKER_UNREACHABLE',
        `${method} ${url}: ${response.status} ${text.slice(0, 300)}`,
      );
    if (!response.ok)
      throw new MusterError('BROKER_REFUSED', `${method} ${url}: ${response.status} ${text.slice(0, 300)}`);
    return text === '' ? null : JSON.parse(text);
  };
}

function reasonOf(cause: unknown): string {
  const { message, cause: deeper } = asMusterError(cause);
  const inner = deeper instanceof Error && deeper.cause instanceof Error ? `: ${deeper.cause.message}` : '';
  return `${message}${inner}`;
}

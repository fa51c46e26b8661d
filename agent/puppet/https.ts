import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { MusterError } from '../../src/core/errors.ts';
import { systemCode } from '../files.ts';

/** One answer of a Puppet Server. */
export interface PuppetAnswer {
  readonly status: number;
  readonly body: string;
}

/** What is sent; `type` is the content type of `body`. */
export interface PuppetCall {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Path with its leading slash, e.g. `/puppet-ca/v1/certificate/ca`. */
  readonly path: string;
  readonly body?: string;
  readonly type?: 'text/plain' | 'application/json';
  readonly signal?: AbortSignal | undefined;
}

/** Speaks to one Puppet Server over verified TLS, keeping its connections. */
export interface PuppetHttp {
  /**
   * Any HTTP status is an answer, except 503 and 502: MASTER_UNREACHABLE, as for connect errors and time-outs.
   * Throws SECURITY_REJECTED when the server's certificate does not verify.
   */
  call(call: PuppetCall): Promise<PuppetAnswer>;
  close(): void;
}

/** A Puppet Server and how to speak to it. */
export interface PuppetHttpOptions {
  readonly host: string;
  readonly port: number;
  /** Name that must stand in the server's certificate. */
  readonly servername: string;
  /** PEM of the CA that the server's certificate must be from. */
  readonly caPem: string;
  readonly certificatePem?: string;
  readonly keyPem?: string;
  /** Time for one call, in ms. */
  readonly timeoutMs: number;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_SOCKETS = 4;

/**
 * Head and body go out in one write: Puppet Server's Jetty lets a connection with TLS 1.3 stall for 30 s when the body
 * comes later. *Source:* observed with puppetserver 7.9.5.
 */
export function createPuppetHttp(options: PuppetHttpOptions): PuppetHttp {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    ca: options.caPem,
    ...(isIP(options.servername) === 0 ? { servername: options.servername } : {}),
    ...(options.certificatePem === undefined ? {} : { cert: options.certificatePem }),
    ...(options.keyPem === undefined ? {} : { key: options.keyPem }),
    minVersion: 'TLSv1.2',
  });
  return {
    async call(call) {
      const answer = await send(agent, options, call).catch((cause: unknown) => {
        throw connectError(options, cause);
      });
      if (answer.status === 502 || answer.status === 503) {
        throw new MusterError(
          'MASTER_UNREACHABLE',
          `${where(options)} answers ${answer.status}: it is starting or overloaded`,
        );
      }
      return answer;
    },
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, options: PuppetHttpOptions, call: PuppetCall): Promise<PuppetAnswer> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal]);
  const headers: Record<string, string> = {
    accept: call.type === 'text/plain' ? 'text/plain' : 'application/json, text/plain',
  };
  if (call.body !== undefined) {
    headers['content-type'] = call.type ?? 'application/json';
    headers['content-length'] = String(Buffer.byteLength(call.body));
  }
  return new Promise((resolve, reject) => {
    const target = { host: options.host, port: options.port, method: call.method, path: call.path };
    const outgoing = request({ ...target, agent, headers, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) incoming.destroy(new Error('the answer is too large'));
        chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

/** Errors of certificate verification by OpenSSL and Node, told apart from those of the network. */
const TLS_VERIFY =
  /^(ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/;

function connectError(options: PuppetHttpOptions, cause: unknown): MusterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (TLS_VERIFY.test(systemCode(cause))) {
    const message = `the certificate of ${where(options)} does not verify: ${why}`;
    return new MusterError('SECURITY_REJECTED', message, { cause });
  }
  return new MusterError('MASTER_UNREACHABLE', `${where(options)}: ${why}`, { cause });
}

function where(options: PuppetHttpOptions): string {
  return `the Puppet Server at ${options.servername}:${options.port}`;
}

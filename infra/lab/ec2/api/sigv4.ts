import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from '../refusal.ts';

const MAX_SKEW_MS = 5 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as received; EC2 calls come to `/`. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Whose signature it was. */
export interface Signer {
  readonly accessKeyId: string;
  /** Of the scope. */
  readonly region: string;
}

/**
 * Checks an AWS Signature Version 4 for a service. `secretOf` gives the secret of an access key, if there is one.
 * *Source:* IAM user guide, "Create a signed AWS API request".
 * @throws Refusal AuthFailure (no, unknown or wrong signature), RequestExpired (clock off by more than 5 minutes)
 */
export function verifySignature(
  request: SignedRequest,
  service: 'ec2' | 'sts',
  secretOf: (accessKeyId: string) => string | undefined,
  nowMs: number,
): Signer {
  const match = AUTHORIZATION.exec(request.headers.authorization ?? '');
  if (!match) throw authFailure();
  const [, accessKeyId = '', date = '', region = '', named = '', signedHeaders = '', signature = ''] = match;
  const amzDate = String(request.headers['x-amz-date'] ?? '');
  const names = signedHeaders.split(';');
  const wellFormed =
    named === service && amzDate.startsWith(date) && names.includes('host') && names.includes('x-amz-date');
  const secret = secretOf(accessKeyId);
  if (secret === undefined || !wellFormed) throw authFailure();
  checkAge(amzDate, nowMs);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonicalRequest(request, names))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`);
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))) throw authFailure();
  return { accessKeyId, region };
}

function canonicalRequest(request: SignedRequest, names: readonly string[]): string {
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.sort();
  const headers = names.map((name) => `${name}:${headerValue(request.headers[name])}\n`);
  const query = url.searchParams.toString().replaceAll('+', '%20');
  return [request.method, url.pathname, query, headers.join(''), names.join(';'), sha256(request.body)].join(
    '\n',
  );
}

function headerValue(value: string | string[] | undefined): string {
  return [value ?? '']
    .flat()
    .map((each) => each.trim().replace(/ +/g, ' '))
    .join(',');
}

function checkAge(amzDate: string, nowMs: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  if (!parts) throw authFailure();
  const [, year, month, day, hour, minute, second] = parts;
  const sentAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!(Math.abs(nowMs - sentAtMs) <= MAX_SKEW_MS))
    throw new Refusal('RequestExpired', 'Request has expired.');
}

function authFailure(): Refusal {
  const message = 'AWS was not able to validate the provided access credentials';
  return new Refusal('AuthFailure', message, 401);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

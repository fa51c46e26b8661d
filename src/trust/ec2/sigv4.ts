import { createHash, createHmac } from 'node:crypto';
import type { Hello, StsProof } from '../../core/messages.ts';

/** Credentials of an instance's role, as its metadata service gives them. The secret never leaves the node. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The whole of a GetCallerIdentity request but its address, made of fixed parts. */
interface CallerIdentityRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';
const SIGNED = [
  ...['content-type', 'host', 'x-amz-date', 'x-amz-security-token'],
  ...['x-muster-audience', 'x-muster-hello-sha256'],
];

/** What a role's signature is bound to. */
export type BoundHello = Pick<Hello, 'group' | 'instance_id' | 'nonce' | 'bus_public_key' | 'puppet_csr'>;

/** Host of the regional STS. *Source:* AWS general reference, "AWS STS endpoints". */
export function stsHost(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/**
 * The request that both ends make of the same fixed parts; of the proof come date, credential, token and signature,
 * of the hello its keys and nonce. Whoever changes one of them has no signature. Pure.
 */
export function callerIdentityRequest(
  region: string,
  hello: BoundHello,
  proof: StsProof,
): CallerIdentityRequest {
  const scope = `${proof.date.slice(0, 8)}/${region}/sts/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${proof.access_key_id}/${scope}, SignedHeaders=${SIGNED.join(';')}, Signature=${proof.signature}`;
  return { headers: { ...fixedHeaders(region, hello, proof), authorization }, body: BODY };
}

/**
 * Proves that this node has the credentials of its role, for this hello alone: a signature over the request that the
 * controller will ask STS with. Pure. *Source:* IAM user guide, "Create a signed AWS API request"; kops-controller,
 * which binds its requests the same way.
 */
export function signCallerIdentity(
  region: string,
  hello: BoundHello,
  credentials: RoleCredentials,
  nowMs: number,
): StsProof {
  const date = `${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const { accessKeyId: access_key_id, sessionToken: session_token } = credentials;
  const headers = fixedHeaders(region, hello, { date, session_token });
  const lines = SIGNED.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const request = ['POST', '/', '', lines, SIGNED.join(';'), sha256(BODY)].join('\n');
  const scope = [date.slice(0, 8), region, 'sts', 'aws4_request'];
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(request)].join('\n');
  const key = scope.reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`);
  return { date, access_key_id, session_token, signature: hmac(key, toSign).toString('hex') };
}

function fixedHeaders(
  region: string,
  hello: BoundHello,
  proof: Pick<StsProof, 'date' | 'session_token'>,
): Record<string, string> {
  return {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: stsHost(region),
    'x-amz-date': proof.date,
    'x-amz-security-token': proof.session_token,
    'x-muster-audience': `muster-hello/${hello.group}`,
    'x-muster-hello-sha256': boundTo(hello),
  };
}

/** SHA-256, hex, over what a thief of the proof would have to change. */
function boundTo({ group, instance_id, nonce, bus_public_key, puppet_csr }: BoundHello): string {
  return sha256(JSON.stringify(['muster-hello', 1, group, instance_id, nonce, bus_public_key, puppet_csr]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

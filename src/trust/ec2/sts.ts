import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { asMusterError, MusterError } from '../../core/errors.ts';
import type { Hello } from '../../core/messages.ts';
import type { IdentityDocument } from './document.ts';
import { type Refused, refused } from './refused.ts';
import { callerIdentityRequest, stsHost } from './sigv4.ts';

/** AWS itself takes a signature for five minutes. */
const FRESH_MS = 5 * 60_000;
const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 8192;

/**
 * The whole answer, from the first to the last character: exactly one result, no entity, no comment, nothing beside it.
 * *Source:* STS API reference, GetCallerIdentity. An answer that is not of this form in every letter is refused, since
 * Vault once took the text of an attacker out of the answer to another action (CVE-2020-16250).
 */
const ANSWER =
  /^(?:<\?xml[^<>]{0,80}\?>)?\s*<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">\s*<GetCallerIdentityResult>\s*<Arn>([\w:/+=,.@-]{1,300})<\/Arn>\s*<UserId>([\w:+=,.@-]{1,200})<\/UserId>\s*<Account>(\d{12})<\/Account>\s*<\/GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>[\w-]{1,100}<\/RequestId>\s*<\/ResponseMetadata>\s*<\/GetCallerIdentityResponse>\s*$/;

/** Whom to ask and which roles count. */
export interface StsOptions {
  readonly roles: readonly string[];
  readonly sts_endpoint?: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Asks STS who signed the proof in a hello; null when it is this instance in one of `roles`. The request is built from
 * fixed parts, for the region of the verified document. Refusals: STS_MISSING, STS_STALE, STS_REFUSED (signature, or
 * what it covers, is wrong), STS_ANSWER, STS_ACCOUNT, STS_ROLE, STS_INSTANCE. Throws EC2_UNREACHABLE, EC2_THROTTLED.
 */
export async function checkRole(
  hello: Hello,
  document: IdentityDocument,
  options: StsOptions,
  context: { nowMs: number; signal: AbortSignal },
): Promise<Refused | null> {
  const proof = hello.sts_proof;
  if (proof === undefined) return refused('STS_MISSING', 'the hello has no proof of a role');
  const signedAtMs = Date.parse(proof.date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(context.nowMs - signedAtMs) <= FRESH_MS))
    return refused('STS_STALE', 'the proof of the role is not of now');
  const { headers, body } = callerIdentityRequest(document.region, hello, proof);
  const url = options.sts_endpoint ?? `https://${stsHost(document.region)}`;
  const answer = await post(url, headers, body, context.signal);
  if (answer.status >= 500)
    throw new MusterError('EC2_UNREACHABLE', `STS in ${document.region} answers ${answer.status}`);
  if (/<Code>(Throttling|ThrottlingException|RequestLimitExceeded)<\/Code>/.test(answer.body))
    throw new MusterError('EC2_THROTTLED', `STS in ${document.region} asks to slow down`);
  if (answer.status !== 200) return refused('STS_REFUSED', `STS answers ${answer.status}`);
  return checkAnswer(answer, document, options.roles);
}

/** Is it the answer to our question, and about this instance? Pure. Refusals as {@link checkRole}. */
export function checkAnswer(
  { type, body }: Pick<Answer, 'type' | 'body'>,
  document: IdentityDocument,
  roles: readonly string[],
): Refused | null {
  const [, arn = '', userId = '', account = ''] = ANSWER.exec(body) ?? [];
  if (!/^text\/xml\b/.test(type) || arn === '') return refused('STS_ANSWER', 'STS answers something else');
  if (account !== document.accountId) return refused('STS_ACCOUNT', `the role is of account ${account}`);
  const [, owner, role = '', session = ''] =
    /^arn:aws[a-z-]*:sts::(\d{12}):assumed-role\/([^/:]+)\/([^/:]+)$/.exec(arn) ?? [];
  if (owner !== account || !roles.includes(role))
    return refused('STS_ROLE', `${arn} is no role of this group`);
  if (session !== document.instanceId || !userId.endsWith(`:${document.instanceId}`))
    return refused('STS_INSTANCE', `${arn} is another session`);
  return null;
}

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const fail = (cause: unknown) =>
    reject(
      new MusterError('EC2_UNREACHABLE', `STS does not answer: ${asMusterError(cause).message}`, { cause }),
    );
  // The name that was signed is sent as the host, wherever the endpoint is; redirects are not followed.
  const call = request(url, { method: 'POST', headers, signal: limit, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (text.length <= MAX_ANSWER_BYTES) return;
      fail(new Error('too long an answer'));
      call.destroy();
    });
    response.on('error', fail);
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        body: text,
      }),
    );
  });
  call.on('error', fail);
  call.end(body);
  return promise;
}

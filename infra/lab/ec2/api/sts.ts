import { Refusal } from '../refusal.ts';
import { ACCOUNT_ID, regionNamed } from '../regions.ts';
import { Form } from './form.ts';
import type { Answer, ApiOptions } from './server.ts';
import { type SignedRequest, verifySignature } from './sigv4.ts';

const VERSION = '2011-06-15';
const ROLE_ID = 'AROAMUSTERLABEXAMPLE1';

/** Was it signed for STS? Both services share one port here. */
export function isForSts({ headers }: SignedRequest): boolean {
  return /^AWS4-HMAC-SHA256 Credential=[^,\s]+\/sts\/aws4_request,/.test(headers.authorization ?? '');
}

/**
 * GetCallerIdentity, for the roles of instances. Refuses a wrong signature with 403, as STS does.
 * *Source:* STS API reference.
 */
export function answerSts(
  request: SignedRequest,
  requestId: string,
  { roles, clock }: Pick<ApiOptions, 'roles' | 'clock'>,
): Answer {
  try {
    const secretOf = (id: string) => roles.holderOf(id)?.credentials.secretAccessKey;
    const { accessKeyId, region } = verifySignature(request, 'sts', secretOf, clock.nowMs());
    const holder = roles.holderOf(accessKeyId);
    const token = request.headers['x-amz-security-token'];
    const isSigned = /SignedHeaders=[^,]*\bx-amz-security-token\b/.test(request.headers.authorization ?? '');
    if (!holder || !isSigned || token !== holder.credentials.sessionToken || !regionNamed(region))
      throw new Refusal(
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
        403,
      );
    const form = Form.parse(request.body);
    if (
      request.url !== '/' ||
      form.text('Action') !== 'GetCallerIdentity' ||
      form.text('Version') !== VERSION
    )
      throw new Refusal('InvalidAction', 'Could not find operation');
    return {
      status: 200,
      type: 'text/xml',
      body: identityXml(holder.credentials.role, holder.instance.id, requestId),
    };
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    const isSignature = problem.code === 'AuthFailure' || problem.code === 'RequestExpired';
    const { code, message, status } = isSignature
      ? new Refusal('SignatureDoesNotMatch', 'The request signature we calculated does not match.', 403)
      : problem;
    return { status, type: 'text/xml', body: errorXml(code, message, requestId) };
  }
}

function identityXml(role: string, instanceId: string, requestId: string): string {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/${VERSION}/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::${ACCOUNT_ID}:assumed-role/${role}/${instanceId}</Arn>
    <UserId>${ROLE_ID}:${instanceId}</UserId>
    <Account>${ACCOUNT_ID}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

function errorXml(code: string, message: string, requestId: string): string {
  const error = `<Type>Sender</Type><Code>${code}</Code><Message>${message}</Message>`;
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/${VERSION}/"><Error>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

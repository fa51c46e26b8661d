import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { IdentityDocument } from '../../../../src/trust/ec2/document.ts';
import { signCallerIdentity, stsHost } from '../../../../src/trust/ec2/sigv4.ts';
import { checkAnswer, checkRole } from '../../../../src/trust/ec2/sts.ts';
import { documentOf } from '../../../kit/ec2-signer.ts';
import { testPki } from '../../../kit/pki.ts';
import { helloOf } from '../kit.ts';

const document = IdentityDocument.parse(JSON.parse(documentOf()));
const node = await (await testPki()).holder('web1', 'node');
const ID = 'i-0123456789abcdef0';

function answer({ account = '123456789012', role = 'web', session = ID, user = '', more = '' } = {}) {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::${account}:assumed-role/${role}/${session}</Arn>
    <UserId>${user || `AROA1:${session}`}</UserId>
    <Account>${account}</Account>${more}
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

describe('the answer of STS', () => {
  const check = (body: string, type = 'text/xml') =>
    checkAnswer({ type, body }, document, ['web'])?.reason ?? null;

  test('names this instance in an allowed role', () => {
    expect(check(answer())).toBeNull();
    expect(check(answer().replaceAll(/>\s+</g, '><'))).toBeNull();
  });

  test.each([
    ['STS_ACCOUNT', answer({ account: '999999999999' })],
    ['STS_ROLE', answer({ role: 'admin' })],
    ['STS_ROLE', answer().replace('assumed-role/web/', 'user/web/')],
    ['STS_INSTANCE', answer({ session: 'i-0fedcba9876543210' })],
    ['STS_INSTANCE', answer({ user: 'AROA1:somebody' })],
  ])('%s', (reason, body) => {
    expect(check(body)).toBe(reason);
  });

  test('that echoes a text of the attacker is refused: another action, a second result, an entity, a comment, more around it', () => {
    const result = /<GetCallerIdentityResult>[\s\S]*<\/GetCallerIdentityResult>/.exec(answer())?.[0] ?? '';
    const echoes = [
      `<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</GetSessionTokenResponse>`,
      `<ErrorResponse><Error><Message>${answer()}</Message></Error></ErrorResponse>`,
      `{"GetCallerIdentityResponse": "${answer()}"}`,
      `anything${answer()}`,
      `${answer()}${answer()}`,
      answer().replace(result, result + result),
      answer({ more: '<Account>123456789012</Account>' }),
      answer().replace('<UserId>', '<!-- --><UserId>'),
      answer({ session: '&#105;-0123456789abcdef0' }),
      `<!DOCTYPE a [<!ENTITY b "c">]>${answer()}`,
      answer().replace(' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"', ''),
    ];
    for (const body of echoes) expect(check(body)).toBe('STS_ANSWER');
    expect(check(answer(), 'application/json')).toBe('STS_ANSWER');
  });
});

describe('asking STS', () => {
  const credentials = {
    accessKeyId: `ASIA${'A'.repeat(16)}`,
    secretAccessKey: 'a secret of the node',
    sessionToken: randomBytes(90).toString('base64'),
  };
  const seen: { headers: NodeJS.Dict<string | string[]>; body: string; line: string }[] = [];
  let reply = { status: 200, body: answer() };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      seen.push({ headers: request.headers, body, line: `${request.method} ${request.url}` });
      response.writeHead(reply.status, { 'content-type': 'text/xml', location: 'http://127.0.0.1:1/' });
      response.end(reply.body);
    });
  });
  let options: { roles: string[]; sts_endpoint: string };
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    options = { roles: ['web'], sts_endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen.length = 0;
    reply = { status: 200, body: answer() };
  });

  const hello = helloOf(node);
  const proven = (nowMs = Date.now()) => ({
    ...hello,
    sts_proof: signCallerIdentity('eu-west-1', hello, credentials, nowMs),
  });
  const context = () => ({ nowMs: Date.now(), signal: new AbortController().signal });

  test('is done with a request of fixed parts; the secret stays away', async () => {
    expect(await checkRole(proven(), document, options, context())).toBeNull();
    const [request] = seen;
    expect(request?.line).toBe('POST /');
    expect(request?.body).toBe('Action=GetCallerIdentity&Version=2011-06-15');
    expect(request?.headers).toMatchObject({
      host: 'sts.eu-west-1.amazonaws.com',
      'x-amz-security-token': credentials.sessionToken,
      'x-muster-audience': 'muster-hello/web',
      'x-muster-hello-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.stringify([request, proven()])).not.toContain(credentials.secretAccessKey);
  });

  test('an old proof is not even asked about', async () => {
    for (const offMs of [-301_000, 301_000])
      expect(await checkRole(proven(Date.now() + offMs), document, options, context())).toMatchObject({
        reason: 'STS_STALE',
      });
    expect(seen).toHaveLength(0);
  });

  test('a no, and a redirect, is a refusal', async () => {
    for (const status of [403, 400, 302, 204]) {
      reply = { status, body: status === 204 ? '' : answer() };
      expect(await checkRole(proven(), document, options, context())).toMatchObject({
        reason: 'STS_REFUSED',
      });
    }
    expect(seen).toHaveLength(4);
  });

  test('no answer, a broken one, an endless one and a request to slow down are for later', async () => {
    const ask = () => checkRole(proven(), document, options, context());
    reply = { status: 503, body: '' };
    await expect(ask()).rejects.toMatchObject({ code: 'EC2_UNREACHABLE' });
    reply = { status: 200, body: 'x'.repeat(20_000) };
    await expect(ask()).rejects.toMatchObject({ code: 'EC2_UNREACHABLE' });
    reply = { status: 400, body: '<Code>Throttling</Code>' };
    await expect(ask()).rejects.toMatchObject({ code: 'EC2_THROTTLED' });
    const nowhere = { ...options, sts_endpoint: 'http://127.0.0.1:1' };
    await expect(checkRole(proven(), document, nowhere, context())).rejects.toMatchObject({
      code: 'EC2_UNREACHABLE',
    });
  });
});

test('STS has a host in each region, and in China another domain', () => {
  expect(stsHost('us-gov-west-1')).toBe('sts.us-gov-west-1.amazonaws.com');
  expect(stsHost('cn-north-1')).toBe('sts.cn-north-1.amazonaws.com.cn');
});

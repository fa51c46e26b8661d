import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Log } from '../../../../src/core/log.ts';
import type { Credentials } from '../credentials.ts';
import type { Fault, Faults } from '../faults.ts';
import type { Fleet } from '../fleet.ts';
import { Refusal } from '../refusal.ts';
import { regionNamed } from '../regions.ts';
import type { Roles } from '../roles.ts';
import { chooseAction } from './actions.ts';
import type { Launch } from './call.ts';
import { FAULTS_PATH, handleFaults } from './faults-endpoint.ts';
import { Form } from './form.ts';
import { verifySignature } from './sigv4.ts';
import { answerSts, isForSts } from './sts.ts';
import { answerXml, refusalXml } from './xml.ts';

/** What the API is built on. */
export interface ApiOptions {
  readonly fleet: Fleet;
  readonly faults: Faults;
  readonly credentials: Credentials;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly log: Log;
}

/** An HTTP answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The EC2 Query API, version 2016-11-15, for all regions; not yet listening. */
export function createApi(options: ApiOptions): Server {
  const launches = new Map<string, Launch>();
  return createServer((request, response) => {
    const requestId = randomUUID();
    if (options.faults.state().unreachable && request.url !== FAULTS_PATH) {
      request.destroy();
      return;
    }
    respond(request, requestId, options, launches)
      .catch((problem: unknown) => refuse(problem, requestId, request, options.log))
      .then(({ status, type, body }) => {
        response.writeHead(status, {
          'content-type': type,
          'x-amzn-requestid': requestId,
          server: 'AmazonEC2',
        });
        response.end(body);
      });
  });
}

async function respond(
  request: IncomingMessage,
  requestId: string,
  options: ApiOptions,
  launches: Map<string, Launch>,
): Promise<Answer> {
  const body = await text(request);
  const { method = '', url = '/', headers } = request;
  if (url === FAULTS_PATH) return handleFaults(method, body, options.faults);
  await sleep(options.faults.state().latency_ms);
  const signed = { method, url, headers, body };
  if (isForSts(signed)) return answerSts(signed, requestId, options);
  const { accessKeyId, secretAccessKey } = options.credentials;
  const secretOf = (id: string) => (id === accessKeyId ? secretAccessKey : undefined);
  const signer = verifySignature(signed, 'ec2', secretOf, options.clock.nowMs());
  const region = regionNamed(signer.region);
  if (!region) throw new Refusal('AuthFailure', `The local EC2 has no region ${signer.region}`, 401);
  const form = Form.parse(body);
  const { name, action } = chooseAction(form);
  const fault = options.faults.take(name);
  if (fault === 'fail_html') return { status: 500, type: 'text/html', body: HTML };
  if (fault) throw FAULTS[fault]();
  const { fleet, clock } = options;
  const answer = await action.run({ form, region, fleet, clock, launches });
  options.log.debug({ action: name, region: region.name, requestId }, 'call answered');
  return { status: 200, type: 'text/xml;charset=UTF-8', body: answerXml(name, requestId, answer) };
}

const HTML = '<html><body><h1>500 Internal Server Error</h1></body></html>';

const FAULTS: Readonly<Record<Exclude<Fault, 'fail_html'>, () => Refusal>> = {
  throttle: () => new Refusal('RequestLimitExceeded', 'Request limit exceeded.', 503),
  fail_internal: () => new Refusal('InternalError', 'An internal error has occurred', 500),
  deny: () => new Refusal('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403),
};

function refuse(problem: unknown, requestId: string, { url }: IncomingMessage, log: Log): Answer {
  if (!(problem instanceof Refusal)) log.error({ err: problem, url, requestId }, 'fault in the local EC2');
  const { code, message, status } =
    problem instanceof Refusal
      ? problem
      : { code: 'InternalError', message: 'An internal error has occurred', status: 500 };
  return { status, type: 'text/xml;charset=UTF-8', body: refusalXml(requestId, code, message) };
}

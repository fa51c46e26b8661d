import { createHash, randomBytes } from 'node:crypto';
import type { ZodError } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Ddl, DdlAction } from '../core/ddl.ts';
import { MusterError } from '../core/errors.ts';
import { type Filter, MAX_MESSAGE_BYTES, type Request } from '../core/messages.ts';
import type { Encrypt, Sealer } from '../core/seal.ts';

/** Longest time, in seconds, that a request is good for. */
export const MAX_TTL_S = 3600;

/** A request, signed once. */
export interface SealedRequest {
  readonly id: string;
  readonly body: Buffer;
  /** SHA-256, hex, of the signed request, encrypted or not: what a reply must be bound to. */
  readonly sha256: string;
  readonly ttlS: number;
}

/** What is asked of whom. */
export interface Question {
  readonly aud: 'all' | `node:${string}`;
  readonly collective: string;
  readonly ddl: Ddl;
  readonly action: string;
  readonly input: unknown;
  readonly filter: Filter;
  readonly timeoutS: number;
  /** Seconds that the request is good for, for slow clocks and brokers; `timeoutS` by default. */
  readonly ttlS?: number;
  readonly answer?: Request['answer'];
}

/** The action of a DDL. Throws RPC_UNKNOWN_ACTION: an action named like a method of objects is just unknown. */
export function actionOf(ddl: Ddl, action: string): DdlAction {
  const found = Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  if (found === undefined) throw new MusterError('RPC_UNKNOWN_ACTION', `${ddl.name} has no action ${action}`);
  return found;
}

/** The first problem of a value, with the field's name: `certname: Invalid input`. */
export function problemOf(error: ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'does not fit';
  const where = issue.path.length > 0 ? issue.path.join('.') : 'input';
  return `${where}: ${issue.message}`;
}

/** Checks the input against the DDL and signs the request. Throws RPC_UNKNOWN_ACTION, RPC_INVALID_DATA naming the field. */
export function sealRequest(
  question: Question,
  session: string,
  own: { sealer: Sealer; clock: Clock },
): SealedRequest {
  const { ddl, action } = question;
  const checked = actionOf(ddl, action).input.safeParse(question.input);
  if (!checked.success)
    throw new MusterError('RPC_INVALID_DATA', `${ddl.name}#${action}: ${problemOf(checked.error)}`);
  const id = randomBytes(16).toString('hex');
  const ttlS = Math.min(MAX_TTL_S, Math.max(1, Math.ceil(question.ttlS ?? question.timeoutS)));
  const request: Request = {
    v: 1,
    typ: 'request',
    id,
    iat_ms: own.clock.nowMs(),
    ttl_s: ttlS,
    aud: question.aud,
    collective: question.collective,
    agent: ddl.name,
    action,
    data: Object(question.input),
    filter: question.filter,
    session,
    ...(question.answer === undefined ? {} : { answer: question.answer }),
  };
  const body = fitting(own.sealer.seal(request));
  return { id, body, sha256: createHash('sha256').update(body).digest('hex'), ttlS };
}

/** The same request, readable for one node only. Throws RPC_INVALID_DATA when it has become too large. */
export function encrypted(request: SealedRequest, encrypt: Encrypt): SealedRequest {
  return { ...request, body: fitting(encrypt(request.body)) };
}

function fitting(body: Buffer): Buffer {
  if (body.length <= MAX_MESSAGE_BYTES) return body;
  throw new MusterError(
    'RPC_INVALID_DATA',
    `the request has ${body.length} bytes, at most ${MAX_MESSAGE_BYTES} are sent`,
  );
}

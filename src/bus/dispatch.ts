import type { ZodError } from 'zod';
import { type ActionRequest, givenStatus } from '../core/agent.ts';
import { type Ddl, type DdlAction, REPLY_STATUS, type ReplyStatus } from '../core/ddl.ts';
import { asMusterError, type ErrorCode, MusterError } from '../core/errors.ts';
import type { Facts } from '../core/inventory.ts';
import type { Log } from '../core/log.ts';
import type { Sender } from '../core/seal.ts';
import { secretsIn } from '../core/secret-fields.ts';
import type { Admitted } from './gate.ts';
import { problemOf } from './request.ts';

const MAX_TEXT_CHARS = 4000;
const STOPS = 'the daemon stops';
/** Of a status that an action gives itself. */
const CODES: Readonly<Record<Exclude<ReplyStatus, 0>, ErrorCode>> = {
  1: 'RPC_ABORTED',
  2: 'RPC_UNKNOWN_ACTION',
  3: 'RPC_INVALID_DATA',
  4: 'RPC_INVALID_DATA',
  5: 'RPC_FAILED',
};

/** What may be asked of the policy: who wants to do what. Facts and classes are the node's own. */
export interface CallAttempt {
  readonly requestId: string;
  /** When the caller says that it asked, in ms. */
  readonly requestedAtMs: number;
  readonly sender: Sender;
  /** `cert=<common name>`. */
  readonly caller: string;
  readonly collective: string;
  readonly agent: string;
  readonly action: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly facts: Facts;
  readonly classes: readonly string[];
}

/**
 * An agent as the server sees it. Every `Agent` of core fits, whatever its DDL and host: what is handed to an action has
 * been checked against the DDL of the same agent just before.
 */
export interface ServedAgent {
  readonly ddl: Ddl;
  readonly graceS?: number;
  readonly actions: Readonly<
    Record<string, (input: never, request: ActionRequest, host: never) => Promise<unknown>>
  >;
}

/** What goes back, before it is bound and signed. */
export interface Outcome {
  readonly status: ReplyStatus;
  readonly message: string;
  readonly code?: string;
  readonly data: Record<string, unknown>;
}

/** Is told how a call that was let through ended. Must not throw. */
type Afterwards = (outcome: Outcome) => void;

/**
 * Lets a call through by returning, and may ask to be told how it ended. Throws MusterError otherwise, usually RPC_DENIED.
 * Whatever has to be on record before the action runs is on record when it returns.
 */
export type Authorize = (attempt: CallAttempt) => void | Afterwards | Promise<void> | Promise<Afterwards>;

/** What a call is made with. */
export interface DispatchOptions {
  readonly agents: () => ReadonlyMap<string, ServedAgent>;
  readonly host: unknown;
  readonly facts: () => Facts;
  readonly classes: () => readonly string[];
  readonly authorize: Authorize;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Authorizes, checks and runs one admitted request. Never throws: what goes wrong is in the outcome. */
export async function dispatch(
  { request, sender, encrypted }: Admitted,
  by: DispatchOptions,
): Promise<Outcome> {
  const where = `${request.agent}#${request.action}`;
  const caller = `cert=${sender.name}`;
  const { collective, agent, action, data } = request;
  try {
    const [facts, classes] = [by.facts(), by.classes()];
    const asked = { requestId: request.id, requestedAtMs: request.iat_ms };
    const who = { sender, caller, collective };
    const afterwards = await by.authorize({ ...asked, ...who, agent, action, data, facts, classes });
    const ran = runAction({ request, encrypted }, caller, by);
    const outcome = await ran.catch((thrown) => outcomeOf(thrown, by.log, where));
    afterwards?.(outcome);
    return outcome;
  } catch (thrown) {
    return outcomeOf(thrown, by.log, where);
  }
}

/** Checks and runs what was let through. Throws what the action throws. */
async function runAction(
  { request, encrypted }: Pick<Admitted, 'request' | 'encrypted'>,
  caller: string,
  by: DispatchOptions,
): Promise<Outcome> {
  const { id, collective, agent: agentName, action: actionName, data } = request;
  const where = `${agentName}#${actionName}`;
  const agent = by.agents().get(agentName);
  const found = agent === undefined ? undefined : actionIn(agent, actionName);
  if (agent === undefined || found === undefined)
    return failure(REPLY_STATUS.unknownAction, 'RPC_UNKNOWN_ACTION', `there is no ${where} here`);
  const [exposed] = encrypted ? [] : secretsIn(found.declared.input, data);
  if (exposed !== undefined)
    return failure(REPLY_STATUS.invalidData, 'RPC_INVALID_DATA', `${exposed}: is secret and came in clear`);
  const input = found.declared.input.safeParse(data);
  if (!input.success)
    return failure(inputStatus(input.error, data), 'RPC_INVALID_DATA', problemOf(input.error));
  const log = by.log.child({ request: id, action: where, caller });
  const asked = { requestId: id, requestedAtMs: request.iat_ms, ttlS: request.ttl_s, caller, collective };
  const work = (signal: AbortSignal) =>
    found.run(input.data as never, { ...asked, signal, log }, by.host as never);
  const limitS = agent.ddl.timeoutS + (agent.graceS ?? 0);
  return outcomeFrom(await withLimit(work, limitS, by.signal, where), found.declared);
}

/** What the action gave, as its DDL has it, with the status that it gave itself. */
function outcomeFrom(output: unknown, declared: DdlAction): Outcome {
  const { status, message } = givenStatus(output) ?? { status: REPLY_STATUS.ok, message: 'OK' };
  const fits = declared.output.safeParse(output);
  if (status !== REPLY_STATUS.ok)
    return { ...failure(status, CODES[status], message), data: fits.success ? fits.data : {} };
  if (fits.success) return { status, message: message.slice(0, MAX_TEXT_CHARS), data: fits.data };
  const problem = `the output does not fit the DDL: ${problemOf(fits.error)}`;
  return failure(REPLY_STATUS.unknownError, 'INTERNAL', problem);
}

type Run = ServedAgent['actions'][string];

/** Only what the DDL declares itself: `constructor` and the like are unknown actions. */
function actionIn(agent: ServedAgent, name: string): { declared: DdlAction; run: Run } | undefined {
  if (!Object.hasOwn(agent.ddl.actions, name) || !Object.hasOwn(agent.actions, name)) return undefined;
  const [declared, run] = [agent.ddl.actions[name], agent.actions[name]];
  return declared === undefined || run === undefined ? undefined : { declared, run: run.bind(agent.actions) };
}

/** What an action gives within its time. Throws RPC_FAILED afterwards; the action is told by its signal. */
async function withLimit<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeoutS: number,
  stopped: AbortSignal,
  where: string,
): Promise<T> {
  const limit = new AbortController();
  const end = Promise.withResolvers<never>();
  const giveUp = (message: string) => {
    const error = new MusterError('RPC_FAILED', message);
    limit.abort(error);
    end.reject(error);
  };
  // Nothing is begun that nobody would see the end of.
  if (stopped.aborted) throw new MusterError('RPC_FAILED', STOPS);
  const timer = setTimeout(() => giveUp(`${where} did not end within ${timeoutS} s`), timeoutS * 1000);
  const stop = () => giveUp(STOPS);
  stopped.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(limit.signal), end.promise]);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
  }
}

function outcomeOf(thrown: unknown, log: Log, where: string): Outcome {
  if (thrown instanceof MusterError) {
    const status = thrown.code === 'RPC_FAILED' ? REPLY_STATUS.unknownError : REPLY_STATUS.aborted;
    return failure(status, thrown.code, [thrown.message, ...thrown.details].join('\n'));
  }
  const { message, stack } = asMusterError(thrown);
  log.error({ action: where, err: message, stack }, 'action failed unexpectedly');
  return failure(REPLY_STATUS.unknownError, 'RPC_FAILED', message);
}

/** Whatever the schema says of a value that is not there, such as "expected one of": it is missing. */
function inputStatus({ issues }: ZodError, data: object): ReplyStatus {
  const valueAt = (path: readonly PropertyKey[]) =>
    path.reduce<unknown>(
      (value, key) => (Object.hasOwn(Object(value), key) ? Object(value)[key] : undefined),
      data,
    );
  const missing = issues.some(({ code, path }) => code !== 'custom' && valueAt(path) === undefined);
  return missing ? REPLY_STATUS.missingData : REPLY_STATUS.invalidData;
}

function failure(status: ReplyStatus, code: string, message: string): Outcome {
  return { status, code, message: message.slice(0, MAX_TEXT_CHARS), data: {} };
}

import type { z } from 'zod';
import { type ActionRequest, withStatus } from '../../src/core/agent.ts';
import type { Ddl } from '../../src/core/ddl.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { withoutTexts } from '../../src/core/hidden.ts';
import type { AgentHost, AnyAgent } from '../host.ts';
import { exchange } from './exchange.ts';
import { ActivationReply, RpcReply, requestText } from './protocol.ts';
import { givenSecrets } from './secrets.ts';
import { lookTrusted } from './trusted.ts';

/** An external agent that was taken from the folder. */
export interface ExternalAgent {
  readonly agent: AnyAgent;
  /** It gave no answer to whether it wants to be served, and should be asked again. */
  unanswered(): boolean;
}

/** What an external agent is made of. */
export interface ExternalParts {
  readonly ddl: Ddl;
  readonly program: string;
  /** Of the program, as it was when it was taken. */
  readonly signature: string;
  readonly configFile: string;
  /** Folder for what is handed over. */
  readonly root: string;
}

const ACTIVATION_MS = 2000;
/** For the program to start. *Source:* Choria. */
const START_S = 1.5;
/** For the daemon to kill it and to tell how it ended. */
const TELL_S = 1.5;

/** An agent whose actions are answered by a program. Nothing is run before it is activated. */
export function externalAgent(parts: ExternalParts): ExternalAgent {
  const { ddl } = parts;
  let willing: boolean | null = null;
  let problem: string | null = null;
  const activate: AnyAgent['activate'] = async (host) => {
    try {
      const said = await asked(parts, host);
      if (said !== willing || problem !== null)
        host.log.info({ agent: ddl.name, activate: said }, 'an external agent was asked whether it serves');
      [willing, problem] = [said, null];
    } catch (cause) {
      const { message, details } = asMusterError(cause);
      const reason = [message, ...details].join('\n');
      if (reason !== problem)
        host.log.error({ agent: ddl.name, reason }, 'an external agent does not say whether it serves');
      problem = reason;
    }
    // What it said last holds: one slow moment of the machine does not take an agent away.
    return willing ?? false;
  };
  const actions = Object.keys(ddl.actions).map((action): [string, AnyAgent['actions'][string]] => [
    action,
    (input, request, host) => call(parts, { action, input, request, host }),
  ]);
  return {
    agent: {
      ddl,
      graceS: START_S + TELL_S,
      activationIsCostly: true,
      activate,
      actions: Object.fromEntries(actions),
    },
    unanswered: () => problem !== null,
  };
}

async function asked({ ddl, ...parts }: ExternalParts, host: AgentHost): Promise<boolean> {
  await mustBeTheOneTaken(parts);
  const reply = await exchange({
    ...parts,
    protocol: 'activation_request',
    request: requestText('activation_request', { agent: ddl.name }),
    facts: await host.facts(),
    timeoutMs: ACTIVATION_MS,
    log: host.log.child({ agent: ddl.name }),
    secrets: [],
  });
  return checked(ActivationReply, reply, ddl.name).activate;
}

interface Call {
  readonly action: string;
  readonly input: object;
  readonly request: ActionRequest;
  readonly host: AgentHost;
}

async function call(
  parts: ExternalParts,
  { action, input, request, host }: Call,
): Promise<Record<string, unknown>> {
  const { ddl } = parts;
  const { requestId: requestid, caller: callerid, collective, ttlS: ttl, requestedAtMs } = request;
  const secrets = givenSecrets(ddl.actions[action]?.input, input);
  await mustBeTheOneTaken(parts);
  const answer = await exchange({
    ...parts,
    protocol: 'rpc_request',
    request: requestText('rpc_request', {
      ...{ agent: ddl.name, action, requestid, callerid, collective, ttl },
      senderid: callerid.replace(/^cert=/, ''),
      msgtime: Math.floor(requestedAtMs / 1000),
      data: input,
    }),
    facts: await host.facts(),
    timeoutMs: (ddl.timeoutS + START_S) * 1000,
    signal: request.signal,
    log: request.log,
    secrets,
  });
  const { statuscode: status, statusmsg, data } = checked(RpcReply, answer, ddl.name);
  const silent = status === 0 ? 'OK' : `${ddl.name}#${action} gave status ${status} and no message`;
  const message = statusmsg === '' ? silent : withoutTexts(statusmsg, secrets);
  return withStatus({ ...data }, { status, message });
}

/**
 * A program that has changed meanwhile may be half copied, and nobody has looked who can write it: it is run when it has been
 * taken anew. Throws RPC_ABORTED, SECURITY_REJECTED, NODE_IO.
 */
async function mustBeTheOneTaken({
  program,
  signature,
}: Pick<ExternalParts, 'program' | 'signature'>): Promise<void> {
  if ((await lookTrusted(program)).signature === signature) return;
  throw new MusterError('RPC_ABORTED', `${program} is being changed: try again in a few seconds`);
}

function checked<S extends z.ZodType>(schema: S, reply: unknown, agent: string): z.output<S> {
  const found = schema.safeParse(reply);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.join('.');
  throw new MusterError(
    'RPC_ABORTED',
    `the reply of ${agent} is none of the protocol: ${where}: ${issue?.message}`,
  );
}

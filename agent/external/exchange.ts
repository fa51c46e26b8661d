import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import { MAX_MESSAGE_BYTES } from '../../src/core/messages.ts';
import { openRegular } from '../file-look.ts';
import { type ProgramEnd, ROOT_ENV, runProgram } from '../program.ts';
import { logOutput, outputLines } from './output.ts';
import { type Protocol, protocolName } from './protocol.ts';

/** One question to an external agent. */
export interface Exchange {
  readonly program: string;
  readonly protocol: Protocol;
  /** Content of the request file. */
  readonly request: string;
  readonly facts: object;
  /** Path of the agent's own settings, there or not. */
  readonly configFile: string;
  /** Folder for what is handed over; made if it is not there. */
  readonly root: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly log: Log;
  /** Texts that must not get into logs and messages. */
  readonly secrets: readonly string[];
}

const MAX_OUTPUT_BYTES = 64 * 1024;
const LAST_LINES = 5;

/**
 * Runs the program of an external agent once, in a folder that only the daemon's user can enter and that is gone afterwards.
 * Gives the JSON in its reply file, unchecked. Throws RPC_ABORTED with its last lines when it ends badly or too late or leaves
 * no JSON, NODE_IO when it cannot be run. *Source:* Choria's external agent protocol.
 */
export async function exchange(own: Exchange): Promise<unknown> {
  const name = basename(own.program);
  await mkdir(own.root, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(own.root, `${name}-`));
  try {
    const [request, reply] = [join(folder, 'request.json'), join(folder, 'reply.json')];
    const facts = join(folder, 'facts.json');
    await writeFile(request, own.request, { mode: 0o600 });
    await writeFile(facts, JSON.stringify(own.facts), { mode: 0o600 });
    // Helpers of several languages refuse to write where there is no file yet.
    await writeFile(reply, '', { mode: 0o600 });
    const protocol = protocolName(own.protocol);
    const end = await run(own, folder, {
      args: [request, reply, protocol],
      env: {
        CHORIA_EXTERNAL_REQUEST: request,
        CHORIA_EXTERNAL_REPLY: reply,
        CHORIA_EXTERNAL_PROTOCOL: protocol,
        CHORIA_EXTERNAL_CONFIG: own.configFile,
        CHORIA_EXTERNAL_FACTS: facts,
        PATH: ROOT_ENV.PATH,
      },
    });
    logOutput(end, own);
    mustHaveEndedWell(end, name, own);
    return await readReply(reply, name);
  } finally {
    await remove(folder, own.log);
  }
}

/** What a program has left behind may go on writing there, faster than it is removed: its answer waits no longer for that. */
const REMOVE_MS = 500;

async function remove(folder: string, log: Log): Promise<void> {
  const enough = new AbortController();
  const waited = sleep(REMOVE_MS, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([removeAll(folder, log), waited]);
  enough.abort();
}

async function removeAll(folder: string, log: Log): Promise<void> {
  try {
    // It may hold secrets.
    await rm(join(folder, 'request.json'), { force: true });
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (cause) {
    const err = asMusterError(cause).message;
    log.warn({ folder, err }, 'a folder of an external agent stays until the daemon starts again');
  }
}

async function run(
  { program, timeoutMs, signal }: Exchange,
  cwd: string,
  { args, env }: { args: string[]; env: Record<string, string> },
): Promise<ProgramEnd> {
  const limits = { timeoutMs, maxBytes: MAX_OUTPUT_BYTES, ...(signal === undefined ? {} : { signal }) };
  return runProgram(program, args, { cwd, env, ...limits }).catch((cause: unknown) => {
    const { code, message } = asMusterError(cause);
    // The file was looked at just before, so it is what its first line names that is missing.
    const why = code === 'NOT_FOUND' ? `${program}: is the interpreter in its first line there?` : message;
    throw new MusterError('NODE_IO', why, { cause });
  });
}

function mustHaveEndedWell(end: ProgramEnd, name: string, { timeoutMs, signal, secrets }: Exchange): void {
  if (!end.cut && end.exitcode === 0) return;
  const late =
    signal?.aborted === true ? 'was not waited for any longer' : `did not end within ${timeoutMs / 1000} s`;
  const why = end.cut
    ? `${late}, and was killed`
    : end.exitcode === null
      ? 'was ended by a signal'
      : `ended with exit code ${end.exitcode}`;
  const said = outputLines(end.stderr.trim() === '' ? end.stdout : end.stderr, secrets);
  throw new MusterError('RPC_ABORTED', `${name} ${why}`, { details: said.slice(-LAST_LINES) });
}

async function readReply(path: string, name: string): Promise<unknown> {
  const bad = (why: string, cause?: unknown) =>
    new MusterError('RPC_ABORTED', `${name} ended well, but its reply ${why}`, { cause });
  const file = await openRegular(path).catch((cause: unknown) => {
    throw bad('cannot be read', cause);
  });
  try {
    const { size } = await file.stat();
    if (size === 0) throw bad('is empty');
    if (size > MAX_MESSAGE_BYTES) throw bad(`has ${size} bytes, more than ${MAX_MESSAGE_BYTES}`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
    return parsed(buffer.toString('utf8', 0, bytesRead), bad);
  } finally {
    await file.close();
  }
}

function parsed(text: string, bad: (why: string, cause?: unknown) => MusterError): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's message would repeat a part of the reply.
    throw bad('is no JSON', cause);
  }
}

import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { DdlSchema } from '../../core/ddl.ts';
import { asMusterError, MusterError } from '../../core/errors.ts';
import { secretFieldsOf } from '../../core/secret-fields.ts';

const MAX_CHARS = 64 * 1024;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** Where secrets are read from: standard input of the process, or what a test puts in its place. */
export interface SecretSource {
  readonly isTTY?: boolean;
  /** All of standard input. */
  readAll(): Promise<string>;
  /** One line, not shown. Throws USAGE when it is broken off. */
  prompt(question: string): Promise<string>;
}

/**
 * The input texts with their secrets filled in: a secret comes as `name=@FILE`, as `name=-` (standard input) or, at a
 * terminal, is asked for; one line end is taken off. Never as the value itself: every user of a host can read the arguments
 * of its processes. Throws USAGE that names the input, never what was given for it.
 */
export async function withSecrets(
  schema: DdlSchema,
  texts: Readonly<Record<string, string>>,
  source: SecretSource = standardInput,
): Promise<Record<string, string>> {
  const filled: Record<string, string> = { ...texts };
  const secrets = secretFieldsOf(schema);
  const fromInput = secrets.filter((name) => texts[name] === '-');
  if (fromInput.length > 1)
    throw new MusterError(
      'USAGE',
      `${fromInput.join(' and ')}: only one of them can be read from standard input`,
    );
  for (const name of secrets) {
    const given = texts[name];
    if (given === undefined && !(source.isTTY === true && isNeeded(schema, name))) continue;
    filled[name] = await readSecret(name, given, source);
  }
  return filled;
}

async function readSecret(name: string, given: string | undefined, source: SecretSource): Promise<string> {
  const raw =
    given === undefined
      ? await source.prompt(`${name}: `)
      : given === '-'
        ? await source.readAll()
        : given.startsWith('@')
          ? await readSecretFile(name, given.slice(1))
          : refuse(name);
  const secret = raw.replace(/\r?\n$/, '');
  if (secret === '') throw new MusterError('USAGE', `${name}: is empty`);
  if (secret.length > MAX_CHARS)
    throw new MusterError('USAGE', `${name}: is longer than ${MAX_CHARS} characters`);
  return secret;
}

function refuse(name: string): never {
  throw new MusterError(
    'USAGE',
    `${name}: is secret, and arguments can be read by everybody on this host; write ${name}=@FILE, ${name}=- (standard input), or leave it out at a terminal and be asked. What was just typed may stand in the history of the shell: change it`,
  );
}

async function readSecretFile(name: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MusterError('USAGE', `${name}: ${path} cannot be read: ${asMusterError(cause).message}`, {
      cause,
    });
  });
}

function isNeeded(schema: DdlSchema, name: string): boolean {
  const field = schema.shape[name];
  return field !== undefined && field._zod.optin !== 'optional';
}

const standardInput: SecretSource = {
  isTTY: process.stdin.isTTY,
  readAll: () => textOf(process.stdin),
  async prompt(question) {
    const { stdin, stderr } = process;
    stderr.write(question);
    stdin.setRawMode(true);
    stdin.setEncoding('utf8').resume();
    try {
      return await untilEnter(stdin);
    } finally {
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    }
  },
};

/** What is typed until Enter; backspace takes one character back. */
async function untilEnter(stdin: NodeJS.ReadStream): Promise<string> {
  let typed = '';
  for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
    for (const char of String(chunk)) {
      if (char === '\r' || char === '\n') return typed;
      if (char === CTRL_C || char === CTRL_D) throw new MusterError('USAGE', 'broken off');
      typed = char === '\u007f' || char === '\b' ? [...typed].slice(0, -1).join('') : typed + char;
    }
  }
  return typed;
}

/** The text without the secrets of this input: a node may repeat what it was given. Pure. */
export function maskSecrets(
  schema: DdlSchema,
  texts: Readonly<Record<string, string>>,
  text: string,
): string {
  return secretFieldsOf(schema).reduce((now, name) => {
    const secret = texts[name];
    return secret === undefined || secret === '' ? now : now.replaceAll(secret, '[redacted]');
  }, text);
}

/** A value in whose secret fields stands `[redacted]`, for a screen. Pure. */
export function hideSecrets(schema: DdlSchema, data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const secrets = secretFieldsOf(schema);
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, secrets.includes(name) ? '[redacted]' : value]),
  );
}

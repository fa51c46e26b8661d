import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ddl } from '../../src/core/ddl.ts';
import { readJsonDdl } from '../../src/core/ddl-json/read.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { word } from '../../src/core/names.ts';
import { ioError } from '../files.ts';
import { type ExternalAgent, externalAgent } from './agent.ts';
import { type FoundContract, findContracts, findProgram, programPlaces, RESERVED_NAMES } from './places.ts';
import { lookTrusted, type TrustedFile } from './trusted.ts';

/** An agent as it was taken from its files. */
export interface Taken extends ExternalAgent {
  /** Changes whenever one of its files does. */
  readonly signature: string;
}

/** What became of a contract at a look. `left`: it is not for an external program, or cannot be taken, for this reason. */
export type Look =
  | { readonly kind: 'taken'; readonly taken: Taken }
  | { readonly kind: 'same' }
  | { readonly kind: 'young' }
  | { readonly kind: 'left'; readonly reason: string; readonly code: string };

/** What a look is made with. */
export interface TakeOptions {
  /** Signature of the files when the agent was taken last. */
  readonly known: string | undefined;
  /** Names that no external agent may have. */
  readonly refused: (name: string) => boolean;
  /** A file that was changed less than this before now may be half copied. */
  readonly settleMs: number;
  readonly nowMs: number;
  readonly configDir: string;
  readonly root: string;
}

/** Looks at one contract and its program, and makes an agent of them when they are new and have settled. Never throws. */
export async function lookAt(found: FoundContract, own: TakeOptions): Promise<Look> {
  const isYoung = ({ changedAtMs }: TrustedFile) => Math.abs(own.nowMs - changedAtMs) < own.settleMs;
  let young = false;
  try {
    const contract = await lookTrusted(found.file);
    young = isYoung(contract);
    const path = await findProgram(found.dir, found.name);
    const program = path === null ? null : { path, ...(await lookTrusted(path)) };
    const signature = `${contract.signature} ${program?.signature}`;
    if (signature === own.known) return { kind: 'same' };
    young ||= program !== null && isYoung(program);
    return young ? { kind: 'young' } : await take(found, { program, signature }, own);
  } catch (thrown) {
    return young ? { kind: 'young' } : leftFor(thrown);
  }
}

/** The contract of this name in a folder, null when there is none. Throws NODE_IO, PLUGIN_INVALID, SECURITY_REJECTED. */
export async function contractIn(dir: string, name: string): Promise<Ddl | null> {
  const found = (await findContracts(dir)).find((one) => one.name === name);
  if (found === undefined) return null;
  await lookTrusted(found.file);
  return readJsonDdl(await readText(found.file), found.file).ddl;
}

interface Files {
  readonly program: (TrustedFile & { readonly path: string }) | null;
  readonly signature: string;
}

/** Throws PLUGIN_INVALID, NODE_IO. */
async function take(
  { name, file, dir }: FoundContract,
  { program, signature }: Files,
  own: TakeOptions,
): Promise<Look> {
  const { ddl, provider } = readJsonDdl(await readText(file), file);
  if (provider !== 'external')
    return { kind: 'left', code: 'OTHER', reason: `its provider is ${provider ?? 'not said'}, not external` };
  if (!word.safeParse(name).success) throw refuse(`'${name}' is no name of an agent`);
  if (ddl.name !== name) throw refuse(`the name in it is '${ddl.name}', expected '${name}'`);
  if (RESERVED_NAMES.includes(name)) throw refuse(`the name '${name}' is reserved`);
  if (own.refused(name)) throw refuse(`there is an agent '${name}' already`);
  if (program === null) throw refuse(`there is no program at ${programPlaces(dir, name).join(' or ')}`);
  if (!program.executable) throw refuse(`${program.path} cannot be run (chmod +x)`);
  const configFile = join(own.configDir, name);
  const parts = { ddl, program: program.path, signature: program.signature, configFile, root: own.root };
  return { kind: 'taken', taken: { ...externalAgent(parts), signature } };
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw ioError('read', file, cause);
  });
}

function refuse(reason: string): MusterError {
  return new MusterError('PLUGIN_INVALID', reason);
}

function leftFor(thrown: unknown): Look {
  const { code, message, details } = asMusterError(thrown);
  return { kind: 'left', code, reason: [message, ...details.slice(1)].join('\n') };
}

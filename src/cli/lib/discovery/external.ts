import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram } from '../../../../agent/program.ts';
import { asMusterError, MusterError } from '../../../core/errors.ts';
import { words } from '../words.ts';
import type { Finder, Wanted } from './finder.ts';
import { checkedName } from './names.ts';

const REQUEST = 'io.choria.choria.discovery.v1.external_request';
const SCHEMA = 'https://choria.io/schemas/choria/discovery/v1/external_request.json';
const TIMEOUT_S = 10;

const Reply = z.object({
  protocol: z.literal('io.choria.choria.discovery.v1.external_reply'),
  nodes: z.array(z.unknown()).nullish(),
  error: z.string().optional(),
});

/**
 * Asks a program: `--do command='/path/to/program argument'`. It reads the request from a file, writes the names into another, and
 * has done the filtering itself. Throws USAGE without a command; the rest when it runs.
 * *Source:* Choria's external discovery (files, arguments, environment variables, protocol names).
 */
export function externalFinder(wanted: Wanted): Finder {
  const { command, ...options } = wanted.options;
  const [program, ...args] = words(command ?? '');
  if (program === undefined)
    throw new MusterError('USAGE', "--dm external needs a program: --do command='/path/to/program'");
  const timeoutS = Math.max(1, wanted.waitS ?? TIMEOUT_S);
  const { collective, filter } = wanted;
  const request = {
    $schema: SCHEMA,
    protocol: REQUEST,
    timeout: timeoutS,
    collective,
    filter: choriaFilter(filter.wire, wanted.agent),
    options,
  };
  return {
    method: 'external',
    fixedS: null,
    find: async () => ({ names: await ask(program, args, request), filtered: 'all', given: true }),
  };
}

function choriaFilter(
  { identity, agent, class: classes, fact, compound }: Wanted['filter']['wire'],
  own: string,
): Record<string, unknown> {
  return {
    identity,
    agent: [...new Set([...agent, own])],
    cf_class: classes,
    fact: fact.map((one) => ({ ...one, operator: one.operator === '=' ? '==' : one.operator })),
    compound: compound.map((expr) => [{ expr }]),
  };
}

async function ask(
  program: string,
  args: readonly string[],
  request: { timeout: number },
): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-discovery-'));
  try {
    const [asked, answered] = [join(dir, 'request.json'), join(dir, 'reply.json')];
    await writeFile(asked, JSON.stringify(request));
    await writeFile(answered, '');
    const end = await runProgram(program, [...args, asked, answered, REQUEST], {
      cwd: tmpdir(),
      timeoutMs: request.timeout * 1000,
      env: {
        CHORIA_EXTERNAL_REQUEST: asked,
        CHORIA_EXTERNAL_REPLY: answered,
        CHORIA_EXTERNAL_PROTOCOL: REQUEST,
        PATH: process.env.PATH ?? '',
      },
    }).catch((thrown: unknown) => {
      throw failed(program, `does not run: ${asMusterError(thrown).message}`, '');
    });
    if (end.cut)
      throw failed(program, `did not end within ${request.timeout} s; give it more with --dt`, end.stderr);
    if (end.exitcode !== 0) throw failed(program, `ended with exit code ${end.exitcode}`, end.stderr);
    return namesOf(program, await readFile(answered, 'utf8'));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function namesOf(program: string, text: string): string[] {
  const reply = Reply.safeParse(parsed(program, text));
  if (!reply.success) {
    const { path, message } = reply.error.issues[0] ?? { path: [], message: 'does not fit' };
    throw failed(program, `gave a reply whose ${path.join('.') || 'form'} is wrong: ${message}`, '');
  }
  const { error, nodes } = reply.data;
  if (error !== undefined && error !== '') throw failed(program, `says: ${error}`, '');
  return (nodes ?? []).map((name) => checkedName(name, program));
}

function parsed(program: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw failed(program, `gave a reply that is no JSON: ${asMusterError(thrown).message}`, '');
  }
}

function failed(program: string, what: string, stderr: string): MusterError {
  const details = stderr
    .split('\n')
    .filter((line) => line !== '')
    .slice(-5);
  return new MusterError('USAGE', `the discovery program ${program} ${what}`, { details });
}

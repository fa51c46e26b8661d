import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redactText } from '../../src/core/redact.ts';
import type { ProcessLook } from '../agents/process.ddl.ts';
import { ioError } from '../files.ts';
import { plainText } from '../plain-text.ts';

/** A process as /proc has it; the user is still a number. */
export type RawProcess = Omit<ProcessLook, 'user'> & { readonly uid: number };

/** Ticks in a second, of all of Linux' user space. *Source:* proc(5), USER_HZ. */
const TICKS = 100;
const MAX_COMMAND_CHARS = 200;
/** More would only be read to be thrown away. */
const MAX_CMDLINE_CHARS = 4096;
const AT_ONCE = 32;
/**
 * Name and separator of `--password=x`, `-token x`, `SECRET_KEY=x`, with the value ahead. A name is looked at once, from its
 * beginning: anybody on the machine can write a command line, and its time must not grow faster than its length.
 */
const NAMED_SECRET =
  /(?<![\w.-])(?=[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api_?-?key|credential))[\w.-]+(?:\s*[=:]\s*|\s+)(?=("[^"]*"|'[^']*'|\S+))/gi;
/** `scheme://user:password@`. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s@/]+@/gi;

/** All processes. Those that end while it reads are left out. Throws NODE_IO when there is no /proc. */
export async function readProcesses(root = '/proc'): Promise<RawProcess[]> {
  const uptimeS = Number((await read(join(root, 'uptime'), true)).split(' ')[0]);
  const pids = (await readdir(root)).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: RawProcess[] = [];
  for (let from = 0; from < pids.length; from += AT_ONCE) {
    const some = pids.slice(from, from + AT_ONCE).map((pid) => readProcess(root, pid, uptimeS));
    found.push(...(await Promise.all(some)).filter((one) => one !== null));
  }
  return found;
}

/** A command line as it may be told: on one line, without what looks like a secret, cut. Pure. */
export function safeCommand(cmdline: string): string {
  const text = cmdline.slice(0, MAX_CMDLINE_CHARS).replace(/\0+$/, '').replaceAll('\0', ' ');
  const plain = withoutNamedSecrets(redactText(text).replaceAll(URL_PASSWORD, '$1[redacted]@'));
  return plainText(plain.replaceAll(/\s+/g, ' ').trim(), MAX_COMMAND_CHARS);
}

/** The names are kept. A value may be the name of the next one: `--password --token x`. */
function withoutNamedSecrets(text: string): string {
  let [kept, at] = ['', 0];
  for (const { index, 0: name, 1: value = '' } of text.matchAll(NAMED_SECRET)) {
    const from = index + name.length;
    if (from >= at) kept += `${text.slice(at, from)}[redacted]`;
    at = Math.max(at, from + value.length);
  }
  return kept + text.slice(at);
}

async function readProcess(root: string, pid: number, uptimeS: number): Promise<RawProcess | null> {
  const file = (name: string) => read(join(root, String(pid), name));
  const [stat, status, cmdline] = await Promise.all([file('stat'), file('status'), file('cmdline')]);
  // The name is in brackets and may hold brackets and spaces itself.
  const end = stat.lastIndexOf(')');
  if (end < 0 || status === '') return null;
  const [state = '', ppid, ...rest] = stat.slice(end + 2).split(' ');
  // Fields of proc(5) are counted from 1; `rest` begins with the fifth.
  const field = (number: number) => Number(rest[number - 5] ?? 0);
  const cpuS = (field(14) + field(15)) / TICKS;
  const ageS = Math.max(0, uptimeS - field(22) / TICKS);
  const name = plainText(stat.slice(stat.indexOf('(') + 1, end), 64);
  const line = (label: string) => new RegExp(`^${label}:\\s+(\\d+)`, 'm').exec(status)?.[1];
  return {
    ...{ pid, ppid: Number(ppid), uid: Number(line('Uid') ?? 0), state, name },
    // Threads of the kernel and zombies have none.
    command: safeCommand(cmdline) || `[${name}]`,
    rss: Number(line('VmRSS') ?? 0) * 1024,
    vsize: field(23),
    cpu_s: cpuS,
    cpu_percent: ageS > 0 ? Math.round((1000 * cpuS) / ageS) / 10 : 0,
    age_s: Math.floor(ageS),
  };
}

/** Empty for what is not there any more, unless it must be. */
async function read(path: string, must = false): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    if (must) throw ioError('read', path, cause);
    return '';
  });
}

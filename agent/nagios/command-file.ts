import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MusterError } from '../../src/core/errors.ts';
import { ioError, isMissing, systemCode } from '../files.ts';

/** Longest write that a FIFO takes whole, never mixed with another's. *Source:* POSIX, PIPE_BUF on Linux. */
const PIPE_BUF = 4096;
const UNSAFE = /[;\p{Cc}\p{Zl}\p{Zp}]/u;

/** One external command without its time: name and fields. */
export type ExternalCommand = readonly [name: string, ...fields: (string | number)[]];

/**
 * One line as Nagios reads it. The DDL has checked the fields already; here nothing gets by in any case. Throws
 * RPC_INVALID_DATA. Pure. *Source:* Nagios Core, external command format `[time] command;arguments`.
 */
export function commandLine(command: ExternalCommand, nowMs: number): string {
  const fields = command.map(String);
  const bad = fields.find((field) => UNSAFE.test(field));
  if (bad !== undefined)
    throw new MusterError(
      'RPC_INVALID_DATA',
      `'${bad.slice(0, 60)}' has a semicolon or control character in it`,
    );
  return `[${Math.floor(nowMs / 1000)}] ${fields.join(';')}`;
}

/**
 * Gives Nagios all lines in one piece. It never waits: a FIFO that nobody reads is an error, and so is a path that is no
 * FIFO, because Nagios would never see what is written there. Throws NOT_FOUND, NODE_IO, CONFLICT.
 */
export async function writeCommands(path: string, lines: readonly string[]): Promise<void> {
  const text = Buffer.from(`${lines.join('\n')}\n`);
  if (text.length > PIPE_BUF) throw new MusterError('CONFLICT', 'the commands are too long for one write');
  const file = await openFifo(path);
  try {
    if (!(await file.stat()).isFIFO())
      throw new MusterError('CONFLICT', `${path} is no FIFO, so Nagios does not read it`);
    const { bytesWritten } = await file.write(text);
    if (bytesWritten !== text.length)
      throw new MusterError('NODE_IO', `${path} took only a part of the commands`);
  } catch (cause) {
    if (cause instanceof MusterError) throw cause;
    const full = systemCode(cause) === 'EAGAIN';
    throw full
      ? new MusterError('NODE_IO', `${path} is full: Nagios does not read it`, { cause })
      : ioError('write', path, cause);
  } finally {
    await file.close();
  }
}

async function openFifo(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    return await open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (cause) {
    if (isMissing(cause))
      throw new MusterError('NOT_FOUND', `there is no command file ${path}: see nagios.command_file`, {
        cause,
      });
    if (systemCode(cause) === 'ENXIO')
      throw new MusterError('NODE_IO', `nobody reads ${path}: does Nagios run?`, { cause });
    throw ioError('open', path, cause);
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { MAX_AUDIT_LINE_CHARS } from '../../src/core/audit.ts';
import { CHAIN_START, type ChainHead, readAuditLine } from '../../src/trust/audit/chain.ts';
import { isMissing } from '../files.ts';

/** Enough for several lines of the longest kind, in bytes. */
const TAIL_BYTES = 16 * MAX_AUDIT_LINE_CHARS;

/** Where a chain goes on: behind its last good line. `torn`: half a line stands at the end of the file. */
export interface AuditTail {
  readonly head: ChainHead;
  readonly torn: boolean;
}

/** The end of an audit file that is open; null when there is no good line in it. */
export async function readTail(file: FileHandle, bytes: number): Promise<AuditTail | null> {
  const length = Math.min(bytes, TAIL_BYTES);
  if (length === 0) return null;
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, bytes - length);
  const text = buffer.toString('utf8');
  const torn = !text.endsWith('\n');
  for (const raw of text.split('\n').reverse()) {
    const found = readAuditLine(raw);
    if ('line' in found) return { head: { seq: found.line.seq, hash: found.line.hash }, torn };
  }
  return { head: CHAIN_START, torn };
}

/** The end of the file that was rotated away last; the start of a chain when there is none. */
export async function readRotatedTail(path: string): Promise<ChainHead> {
  try {
    const file = await open(path, 'r');
    try {
      return (await readTail(file, (await file.stat()).size))?.head ?? CHAIN_START;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (isMissing(cause)) return CHAIN_START;
    throw cause;
  }
}

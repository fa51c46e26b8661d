import type { FileHandle } from 'node:fs/promises';
import { redactText } from '../../src/core/redact.ts';
import { plainText } from '../plain-text.ts';

/** The end of a file as it may be told. */
export interface Tail {
  readonly lines: string[];
  /** There are more of the lines that were asked for than fit. */
  readonly cut: boolean;
  /** Bytes of the whole file. */
  readonly size: number;
}

const MAX_BYTES = 64 * 1024;
const MAX_LINE_CHARS = 1000;

/** The last lines of an open file, from its last 64 KB: what looks like a secret is hidden, control characters are `?`. */
export async function tailOf(file: FileHandle, wanted: number): Promise<Tail> {
  const { size } = await file.stat();
  const start = Math.max(0, size - MAX_BYTES);
  const buffer = Buffer.alloc(Math.min(size, MAX_BYTES));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  const text = redactText(buffer.toString('utf8', 0, bytesRead));
  const lines = text.replace(/\n$/, '').split('\n');
  // The first line of a piece from the middle is no whole line.
  if (start > 0) lines.shift();
  const kept = text === '' ? [] : lines.slice(-wanted).map((line) => plainText(line, MAX_LINE_CHARS));
  return { lines: kept, cut: start > 0 && kept.length < wanted, size };
}

import { open, stat } from 'node:fs/promises';
import { isMissing } from '../files.ts';

/** How far an audit was read: a file, by its inode, and the bytes of it. */
export interface AuditPlace {
  readonly inode: number;
  readonly offset: number;
}

/** Lines, and the place behind them. */
export interface AuditPiece {
  readonly lines: readonly string[];
  readonly place: AuditPlace;
}

/** Bytes that are read at a time: more than the longest line. */
const PIECE_BYTES = 128 * 1024;

/**
 * The next whole lines behind `place`, oldest file first; none when all was read. A file that was rotated is found again
 * by its inode; when it was removed, reading goes on with the oldest that is left. One that was cut is read from its beginning.
 */
export async function readAudit(
  path: string,
  keep: number,
  place: AuditPlace | null,
  maxLines: number,
): Promise<AuditPiece | null> {
  const files = await auditFilesOf(path, keep);
  const known = files.findIndex((file) => file.inode === place?.inode);
  for (const [index, file] of files.entries()) {
    if (index < known) continue;
    const before = index === known ? (place?.offset ?? 0) : 0;
    const offset = before <= file.bytes ? before : 0;
    if (offset >= file.bytes) continue;
    const piece = await readPiece(file, offset, maxLines);
    if (piece.lines.length > 0) return piece;
  }
  return null;
}

/** One file of an audit. */
export interface AuditPart {
  readonly path: string;
  readonly inode: number;
  readonly bytes: number;
}

/** The files of an audit that are there, oldest first. */
export async function auditFilesOf(path: string, keep: number): Promise<AuditPart[]> {
  const names = Array.from({ length: keep }, (_, index) => `${path}.${keep - index}`);
  const found = await Promise.all(
    [...names, path].map(async (name) => {
      try {
        const { ino, size } = await stat(name);
        return { path: name, inode: ino, bytes: size };
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw cause;
      }
    }),
  );
  return found.filter((file) => file !== null);
}

async function readPiece(file: AuditPart, offset: number, maxLines: number): Promise<AuditPiece> {
  const handle = await open(file.path, 'r');
  try {
    const buffer = Buffer.alloc(PIECE_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, offset);
    const read = buffer.subarray(0, bytesRead);
    let end = 0;
    const lines: string[] = [];
    while (lines.length < maxLines) {
      const at = read.indexOf(10, end);
      if (at < 0) break;
      lines.push(read.toString('utf8', end, at));
      end = at + 1;
    }
    return { lines, place: { inode: file.inode, offset: offset + end } };
  } finally {
    await handle.close();
  }
}

import { open } from 'node:fs/promises';
import { MAX_AUDIT_LINE_CHARS, MAX_AUDIT_LINES } from '../../src/core/audit.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { NodeEvent } from '../../src/core/messages.ts';
import type { ChainHead } from '../../src/trust/audit/chain.ts';
import { readAuditLine } from '../../src/trust/audit/chain.ts';
import { isMissing } from '../files.ts';
import { type AuditPlace, auditFilesOf, readAudit } from './read.ts';
import { readTail } from './tail.ts';

/** Lines that are sent again for one wish. */
const MAX_RESENT = 2000;

/** What a wish for lines came to. `first`: number of the oldest line that is here; null when there is none. */
export interface Resent {
  readonly sent: number;
  readonly first: number | null;
}

/** The audit as the controllers may ask for it. */
export interface AuditArchive {
  /** Number and hash of the last line; null when nothing was written yet. Throws what the file system throws. */
  head(): Promise<ChainHead | null>;
  /** Sends the lines of these numbers again, at most 2000. Throws CONFLICT while another wish is dealt with. */
  resend(from: number, to: number): Promise<Resent>;
}

/** Opens an audit for those who ask for lines that never came. */
export function createAuditArchive(own: {
  readonly path: string;
  readonly keep: number;
  readonly publish: (event: NodeEvent['event']) => Promise<void>;
}): AuditArchive {
  let busy = false;
  return {
    async head() {
      try {
        const file = await open(own.path, 'r');
        try {
          const tail = await readTail(file, (await file.stat()).size);
          return tail === null || tail.head.seq === 0 ? null : tail.head;
        } finally {
          await file.close();
        }
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw cause;
      }
    },
    async resend(from, to) {
      if (busy) throw new MusterError('CONFLICT', 'lines of the audit are being sent again already');
      busy = true;
      try {
        return await resend(own, from, Math.min(to, from + MAX_RESENT - 1));
      } finally {
        busy = false;
      }
    },
  };
}

async function resend(
  own: Parameters<typeof createAuditArchive>[0],
  from: number,
  to: number,
): Promise<Resent> {
  const { first, place: start } = await placeBefore(own.path, own.keep, from);
  let [place, sent, last] = [start, 0, 0];
  while (first !== null && last < to) {
    const piece = await readAudit(own.path, own.keep, place, MAX_AUDIT_LINES);
    if (piece === null) break;
    place = piece.place;
    const numbered = piece.lines.map((line) => ({ line, seq: seqOf(line) }));
    last = Math.max(last, ...numbered.map(({ seq }) => seq));
    const lines = numbered.filter(
      ({ line, seq }) => from <= seq && seq <= to && line.length <= MAX_AUDIT_LINE_CHARS,
    );
    if (lines.length === 0) continue;
    await own.publish({ kind: 'audit', lines: lines.map(({ line }) => line) });
    sent += lines.length;
  }
  return { sent, first };
}

/** The beginning of the newest file that begins at or before a number: what is older need not be read. */
async function placeBefore(
  path: string,
  keep: number,
  from: number,
): Promise<{ first: number | null; place: AuditPlace | null }> {
  let [first, place]: [number | null, AuditPlace | null] = [null, null];
  for (const { inode } of await auditFilesOf(path, keep)) {
    const at = { inode, offset: 0 };
    const seq = seqOf((await readAudit(path, keep, at, 1))?.lines[0] ?? '');
    if (seq === 0) continue;
    first ??= seq;
    if (place === null || seq <= from) place = at;
  }
  return { first, place };
}

/** 0 for what is no line. */
function seqOf(text: string): number {
  const read = readAuditLine(text);
  return 'line' in read ? read.line.seq : 0;
}

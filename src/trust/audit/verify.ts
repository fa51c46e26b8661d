import type { AuditLine } from '../../core/audit.ts';
import { CHAIN_START, type ChainHead, readAuditLine } from './chain.ts';

/** What the check of an audit found. */
export interface AuditCheck {
  readonly lines: number;
  /** Number of the first line that is there; above 1 when older files were removed. */
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** Places where the chain does not hold; lines count from 1. */
  readonly problems: readonly { readonly file: string; readonly line: number; readonly problem: string }[];
}

/**
 * Checks the chain over files, oldest first: each line's own hash, its number, and that it names the hash of the one
 * before. The first line may be any number: older files are removed with age. Whoever can write the file can also write
 * it anew as a whole, or cut its end off: the lines that the controllers were sent show that. Pure.
 */
export function verifyAudit(files: readonly { readonly name: string; readonly text: string }[]): AuditCheck {
  const rows = files.flatMap(({ name, text }) => rowsOf(name, text));
  const problems: { file: string; line: number; problem: string }[] = [];
  // null: nothing to compare with, at the beginning and behind a line that cannot be believed.
  let head: ChainHead | null = null;
  const seqs: number[] = [];
  for (const [index, { file, line, text }] of rows.entries()) {
    const found = readAuditLine(text);
    if ('problem' in found) {
      if (isTorn(text, rows[index + 1]?.text)) continue;
      problems.push({ file, line, problem: found.problem });
      head = null;
      continue;
    }
    const problem = linkProblem(found.line, head);
    if (problem !== null) problems.push({ file, line, problem });
    seqs.push(found.line.seq);
    head = { seq: found.line.seq, hash: found.line.hash };
  }
  return { lines: rows.length, firstSeq: seqs[0] ?? null, lastSeq: seqs.at(-1) ?? null, problems };
}

/**
 * Compares an audit file of a node with the lines that the controllers have of it, by number: which stand otherwise in the
 * file, and which are not in it though later or earlier ones are. Lines that were removed with age are none. Pure.
 */
export function compareAudit(
  files: readonly { readonly name: string; readonly text: string }[],
  came: ReadonlyMap<number, AuditLine>,
): AuditCheck['problems'] {
  const there = new Map<number, { file: string; line: number; hash: string }>();
  for (const { file, line, text } of files.flatMap(({ name, text }) => rowsOf(name, text))) {
    const read = readAuditLine(text);
    if ('line' in read) there.set(read.line.seq, { file, line, hash: read.line.hash });
  }
  const first = Math.min(...there.keys());
  const place = { file: files.at(-1)?.name ?? '', line: 0 };
  return [...came].flatMap(([seq, { hash }]) => {
    const here = there.get(seq);
    if (here === undefined)
      return seq < first
        ? []
        : [{ ...place, problem: `number ${seq} came to the controllers and is not here` }];
    const { file, line } = here;
    return here.hash === hash
      ? []
      : [{ file, line, problem: `number ${seq} is another than the one that came` }];
  });
}

function rowsOf(file: string, text: string): { file: string; line: number; text: string }[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => ({ file, line: index + 1, text: line }));
}

function linkProblem({ seq, prev }: AuditLine, head: ChainHead | null): string | null {
  if (head === null)
    return seq === 1 && prev !== CHAIN_START.hash ? 'is number 1 and names one before' : null;
  if (seq !== head.seq + 1) return `has number ${seq} behind number ${head.seq}`;
  return prev === head.hash ? null : `does not follow number ${head.seq}`;
}

/** Half a line, left by a crash: the daemon says so in the next one. */
function isTorn(text: string, next: string | undefined): boolean {
  if (next === undefined || text.endsWith('}')) return false;
  const after = readAuditLine(next);
  return 'line' in after && after.line.kind === 'recovered';
}

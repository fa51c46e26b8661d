import { createHash } from 'node:crypto';
import { type AuditEntry, AuditLine, MAX_AUDIT_LINE_CHARS } from '../../core/audit.ts';
import { hideValue } from '../../core/redact.ts';

/** The end of a chain: number and hash of its last line. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first line. */
export const CHAIN_START: ChainHead = { seq: 0, hash: '0'.repeat(64) };

const HASH_AT_END = /,"hash":"([0-9a-f]{64})"\}$/;

/** The next line of a chain, without line end, and the head that it makes. Data too long for a line become their hash. Pure. */
export function chainLine(
  entry: AuditEntry,
  head: ChainHead,
  nowMs: number,
): { line: string; head: ChainHead } {
  const seq = head.seq + 1;
  const chained = { ...entry, timestamp: auditTime(nowMs), seq, prev: head.hash };
  const long = JSON.stringify(chained).length > MAX_AUDIT_LINE_CHARS - 100;
  const short =
    long && (chained.kind === 'decision' || chained.kind === 'operation')
      ? { ...chained, data: { too_long: hideValue('data', chained.data) } }
      : chained;
  const body = JSON.stringify(short);
  const hash = sha256(body);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, head: { seq, hash } };
}

/** A line whose own hash holds, or what is wrong with it. Says nothing about its neighbours. Pure. */
export function readAuditLine(text: string): { line: AuditLine } | { problem: string } {
  const hash = HASH_AT_END.exec(text)?.[1];
  if (hash === undefined) return { problem: 'is no audit line' };
  if (sha256(text.replace(HASH_AT_END, '}')) !== hash) return { problem: 'was changed' };
  try {
    const parsed = AuditLine.safeParse(JSON.parse(text));
    return parsed.success ? { line: parsed.data } : { problem: 'is no audit line' };
  } catch {
    return { problem: 'is no audit line' };
  }
}

/** Microseconds with an offset, as Choria writes them. */
function auditTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace('Z', '000+00:00');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

import type { KnownChain } from '../../controller/audit.ts';
import { type AuditRecord, callerOf, type Decided } from '../../controller/audit-records.ts';
import { MusterError } from '../../core/errors.ts';
import { paint, table } from './output.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_CELL_CHARS = 120;

/** Since when, in ms: `90s`, `15m`, `1h`, `7d` ago, or a time as ISO 8601. Throws USAGE. */
export function sinceMs(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Math.max(0, nowMs - Number(count) * (UNITS_MS[unit] ?? 0));
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new MusterError('USAGE', `--since is '${text}'; expected 90s, 15m, 1h, 7d or 2030-01-31T12:00:00Z`);
  return atMs;
}

/** Decisions of nodes, controllers and operators as a table. Pure. */
export function auditTable(records: readonly AuditRecord[]): string {
  const rows = records.map(({ node, decision, outcome }) => [
    decision.timestamp.slice(0, 19).replace('T', ' '),
    node,
    callerOf(decision) ?? 'unknown',
    whatOf(decision),
    decision.verdict === 'allow' ? decision.verdict : paint('red', decision.verdict),
    whyOf(decision),
    outcomeOf(decision, outcome),
  ]);
  return table(['TIME (UTC)', 'NODE', 'CALLER', 'ACTION', 'VERDICT', 'POLICY OR REASON', 'OUTCOME'], rows);
}

/** What is wrong with the lines of each that came, a line each: holes and breaks that were noticed since then. Pure. */
export function chainProblems(chains: readonly KnownChain[], sinceAtMs: number): string[] {
  return chains.flatMap(({ name, missing, breaks }) => [
    ...missing
      .filter(({ at_ms }) => at_ms >= sinceAtMs)
      .map(({ from, to, at_ms, lost }) => {
        const lines = from === to ? `line ${from} is` : `lines ${from} to ${to} are`;
        const why = lost ? 'and the node has them no more' : 'and the node is asked for them';
        return `${name}: ${lines} missing, ${why} (noticed ${timeOf(at_ms)})`;
      }),
    ...breaks
      .filter(({ at_ms }) => at_ms >= sinceAtMs)
      .map(({ seq, at_ms, problem }) => `${name}: line ${seq} ${problem} (noticed ${timeOf(at_ms)})`),
  ]);
}

function whatOf(line: Decided): string {
  if (line.kind === 'refused') return `to ${line.aud}`;
  const what = `${line.agent}#${line.action}`;
  return line.kind === 'operation' ? `${what} ${line.subject}` : what;
}

function whyOf(line: Decided): string {
  if (line.kind === 'decision') return line.policy;
  const times = line.count === 1 ? '' : ` (${line.count} times)`;
  return `${line.reason.slice(0, MAX_CELL_CHARS)}${times}`;
}

function outcomeOf(decision: Decided, outcome: AuditRecord['outcome']): string {
  if (outcome !== null) return `${outcome.code ?? 'OK'} in ${outcome.took_ms} ms`;
  return decision.kind === 'decision' && decision.verdict === 'allow' ? 'not told' : '';
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

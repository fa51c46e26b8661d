import type { AuditRecord } from '../../controller/audit.ts';
import { MusterError } from '../../core/errors.ts';
import { paint, table } from './output.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Since when, in ms: `90s`, `15m`, `1h`, `7d` ago, or a time as ISO 8601. Throws USAGE. */
export function sinceMs(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Math.max(0, nowMs - Number(count) * (UNITS_MS[unit] ?? 0));
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new MusterError('USAGE', `--since is '${text}'; expected 90s, 15m, 1h, 7d or 2030-01-31T12:00:00Z`);
  return atMs;
}

/** Decisions of nodes as a table. Pure. */
export function auditTable(records: readonly AuditRecord[]): string {
  const rows = records.map(({ node, decision, outcome }) => [
    decision.timestamp.slice(0, 19).replace('T', ' '),
    node,
    decision.caller,
    `${decision.agent}#${decision.action}`,
    decision.verdict === 'allow' ? decision.verdict : paint('red', decision.verdict),
    decision.policy,
    outcomeOf(decision.verdict, outcome),
  ]);
  return table(['TIME (UTC)', 'NODE', 'CALLER', 'ACTION', 'VERDICT', 'POLICY', 'OUTCOME'], rows);
}

function outcomeOf(verdict: string, outcome: AuditRecord['outcome']): string {
  if (outcome === null) return verdict === 'deny' ? '' : 'not told';
  return `${outcome.code ?? 'OK'} in ${outcome.took_ms} ms`;
}

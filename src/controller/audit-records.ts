import type { AuditLine, KeptAuditLine } from '../core/audit.ts';

/** What is looked for; times in ms since the epoch, by the clock of the node. */
export interface AuditQuery {
  readonly sinceMs: number;
  /** `cert=alice`, or `alice`. */
  readonly caller?: string;
  /** `rpcutil`, or `rpcutil#ping`; of controllers `ca`, or `quarantine#approve`. */
  readonly agent?: string;
  /** Where it was, or whom a controller decided about. */
  readonly node?: string;
  /** `deny` means what was refused before any policy, too. */
  readonly verdict?: 'allow' | 'deny';
  readonly limit: number;
}

/** A line that says what was decided. */
export type Decided = Extract<AuditLine, { kind: 'decision' | 'operation' | 'refused' }>;

/** A decision and, when it was told, how the action ended. */
export interface AuditRecord {
  /** Who wrote it: a node, a controller or an operator. */
  readonly node: string;
  readonly decision: Decided;
  readonly outcome: Extract<AuditLine, { kind: 'outcome' }> | null;
}

/** Pairs decisions with outcomes and keeps what fits. The same line may be there twice. Pure. */
export function recordsIn(lines: readonly KeptAuditLine[], query: AuditQuery): AuditRecord[] {
  const outcomes = new Map<string, AuditRecord['outcome']>();
  const decisions = new Map<string, Omit<AuditRecord, 'outcome'>>();
  for (const { node, line } of lines) {
    if (line.kind === 'recovered') continue;
    const id = line.kind === 'refused' ? line.hash : `${node} ${line.caller} ${line.request_id}`;
    if (line.kind === 'outcome') outcomes.set(id, line);
    else if (fits(node, line, query)) decisions.set(id, { node, decision: line });
  }
  return [...decisions]
    .map(([id, found]) => ({ ...found, outcome: outcomes.get(id) ?? null }))
    .sort((a, b) => Date.parse(a.decision.timestamp) - Date.parse(b.decision.timestamp))
    .slice(-query.limit);
}

function fits(node: string, line: Decided, query: AuditQuery): boolean {
  const { caller, agent, verdict } = query;
  if (query.node !== undefined && query.node !== node && !isAbout(line, query.node)) return false;
  const by = callerOf(line);
  if (caller !== undefined && by !== caller && by !== `cert=${caller}`) return false;
  if (agent !== undefined && !actionsOf(line).includes(agent)) return false;
  if (verdict !== undefined && verdict !== (line.verdict === 'allow' ? 'allow' : 'deny')) return false;
  return Date.parse(line.timestamp) >= query.sinceMs;
}

/** A controller's line about a node, or about many of which it is one. */
function isAbout(line: Decided, node: string): boolean {
  if (line.kind !== 'operation') return false;
  const { names } = line.data;
  return line.subject === node || (Array.isArray(names) && names.includes(node));
}

/** `cert=NAME` of who asked; null when that was not known. Pure. */
export function callerOf(line: Decided): string | null {
  if (line.kind !== 'refused') return line.caller;
  return line.sender === null ? null : `cert=${line.sender}`;
}

function actionsOf(line: Decided): readonly string[] {
  return line.kind === 'refused' ? [] : [line.agent, `${line.agent}#${line.action}`];
}

import { type AuditLine, KeptAuditLine } from '../core/audit.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import { redact } from '../core/redact.ts';
import { readAuditLine } from '../trust/audit/chain.ts';
import type { RedisDoor } from './redis.ts';

/** What is looked for; times in ms since the epoch, by the clock of the node. */
interface AuditQuery {
  readonly sinceMs: number;
  /** `cert=alice`, or `alice`. */
  readonly caller?: string;
  /** `rpcutil`, or `rpcutil#ping`. */
  readonly agent?: string;
  readonly node?: string;
  readonly verdict?: 'allow' | 'deny';
  readonly limit: number;
}

/** A decision of a node and, when it has told it, how the action ended. */
export interface AuditRecord {
  readonly node: string;
  readonly decision: Extract<AuditLine, { kind: 'decision' }>;
  readonly outcome: Extract<AuditLine, { kind: 'outcome' }> | null;
}

/** What nodes did on whose word, in one place. All methods throw what ioredis throws. */
export interface AuditStore {
  /** Keeps lines of the node whose certificate they came with; what is no audit line is kept by nobody. */
  keep(node: string, lines: readonly string[]): Promise<void>;
  /** The newest decisions that fit, oldest first. */
  find(query: AuditQuery): Promise<AuditRecord[]>;
}

/** A node's clock may be ahead of the controller's by this. */
const SKEW_MS = 10 * 60_000;
const PAGE = 1000;

/** The audit in Redis: one bounded stream for each collective of the config, and one for all others. */
export function createAuditStore(
  door: RedisDoor,
  config: Pick<ControllerConfig, 'collectives' | 'audit'>,
): AuditStore {
  const known = [...new Set(Object.values(config.collectives))];
  // A node that makes names up fills one stream, not many.
  const streamOf = (line: AuditLine) =>
    'collective' in line && known.includes(line.collective) ? line.collective : 'other';
  const key = (stream: string) => door.key('audit', stream);
  return {
    async keep(node, lines) {
      const write = door.quick.multi();
      for (const text of lines) {
        const read = readAuditLine(text);
        if ('problem' in read) continue;
        const kept = JSON.stringify({ node, line: redact(read.line) });
        const { keep_entries: most } = config.audit;
        write.xadd(key(streamOf(read.line)), 'MAXLEN', '~', most, '*', 'l', kept);
      }
      await write.exec();
    },
    async find(query) {
      const streams = [...known, 'other'].map((stream) =>
        linesSince(door, key(stream), query.sinceMs - SKEW_MS),
      );
      return recordsIn((await Promise.all(streams)).flat(), query);
    },
  };
}

/** Pairs decisions with outcomes and keeps what fits. The same line may be there twice: it is sent at least once. Pure. */
function recordsIn(lines: readonly KeptAuditLine[], query: AuditQuery): AuditRecord[] {
  const outcomes = new Map<string, AuditRecord['outcome']>();
  const decisions = new Map<string, Omit<AuditRecord, 'outcome'>>();
  for (const { node, line } of lines) {
    if (line.kind === 'recovered') continue;
    const id = `${node} ${line.caller} ${line.request_id}`;
    if (line.kind === 'outcome') outcomes.set(id, line);
    else if (fits(node, line, query)) decisions.set(id, { node, decision: line });
  }
  return [...decisions]
    .map(([id, found]) => ({ ...found, outcome: outcomes.get(id) ?? null }))
    .sort((a, b) => Date.parse(a.decision.timestamp) - Date.parse(b.decision.timestamp))
    .slice(-query.limit);
}

function fits(node: string, line: AuditRecord['decision'], query: AuditQuery): boolean {
  const { caller, agent, verdict } = query;
  if (query.node !== undefined && query.node !== node) return false;
  if (caller !== undefined && line.caller !== caller && line.caller !== `cert=${caller}`) return false;
  if (agent !== undefined && agent !== line.agent && agent !== `${line.agent}#${line.action}`) return false;
  if (verdict !== undefined && verdict !== line.verdict) return false;
  return Date.parse(line.timestamp) >= query.sinceMs;
}

async function linesSince(door: RedisDoor, key: string, sinceMs: number): Promise<KeptAuditLine[]> {
  const found: KeptAuditLine[] = [];
  let from = String(Math.max(0, sinceMs));
  for (;;) {
    const page = await door.quick.xrange(key, from, '+', 'COUNT', PAGE);
    for (const [, fields] of page) {
      const parsed = KeptAuditLine.safeParse(JSON.parse(fields[1] ?? 'null'));
      if (parsed.success) found.push(parsed.data);
    }
    const last = page.at(-1)?.[0];
    if (last === undefined || page.length < PAGE) return found;
    from = `(${last}`;
  }
}

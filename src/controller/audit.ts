import { type AuditEntry, type AuditLine, KeptAuditLine } from '../core/audit.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { ControllerConfig } from '../core/config/controller.ts';
import { redact } from '../core/redact.ts';
import { chainLine, readAuditLine } from '../trust/audit/chain.ts';
import { type ChainState, compareHead, follow, loseBelow, type ToldHead } from '../trust/audit/follow.ts';
import { createAuditChains, type StreamEntry } from './audit-chains.ts';
import { type AuditQuery, type AuditRecord, recordsIn } from './audit-records.ts';
import type { RedisDoor } from './redis.ts';

/** Lines of a node that should be sent again. */
export interface WantedLines {
  readonly from: number;
  readonly to: number;
}

/** What is known of the lines of one who writes them. */
export interface KnownChain extends Pick<ChainState, 'seq' | 'at_ms' | 'missing' | 'breaks'> {
  /** A node, or `cert=NAME` of a controller or operator. */
  readonly name: string;
}

/** What nodes did on whose word and what controllers and operators decided, in one place. All methods throw what ioredis throws. */
export interface AuditStore {
  /** Keeps the new ones of the lines of the node whose certificate they came with; what is no audit line is kept by nobody. */
  keep(node: string, lines: readonly string[]): Promise<void>;
  /** Adds a line to the chain of a controller or operator. Throws AUDIT_FAILED. */
  append(writer: string, entry: AuditEntry): Promise<void>;
  /** Takes a node's word for how far its audit goes; gives what is missing here, null when nothing is. */
  compare(node: string, told: ToldHead): Promise<WantedLines | null>;
  /** Lines below `first` are gone at the node. */
  lose(node: string, first: number): Promise<void>;
  /** The newest decisions that fit, oldest first. */
  find(query: AuditQuery): Promise<AuditRecord[]>;
  /** All kept lines of a node by number: what its own file is compared with. */
  linesOf(node: string): Promise<Map<number, AuditLine>>;
  /** How far the lines of each are known, and where they have holes. */
  chains(): Promise<KnownChain[]>;
}

/** A node's clock may be ahead of the controller's by this. */
const SKEW_MS = 10 * 60_000;
const PAGE = 1000;
const OTHER = 'other';
const CONTROLLERS = 'controllers';
/** A stream of its own: what strangers can cause must not push other lines out. */
const REFUSED = 'refused';

/** The audit in Redis: bounded streams, one for each collective of the config, for controllers, for refusals and for all others. */
export function createAuditStore(
  door: RedisDoor,
  config: Pick<ControllerConfig, 'collectives' | 'audit'>,
  clock: Pick<Clock, 'nowMs'> = systemClock,
): AuditStore {
  const known = [...new Set(Object.values(config.collectives))];
  // No collective can be called so: a colon is in no word.
  const key = (stream: string) => door.key('audit', stream);
  const streams = [...known, OTHER, `:${CONTROLLERS}`, `:${REFUSED}`];
  const chains = createAuditChains(door, { streamKey: key, maxEntries: config.audit.keep_entries });
  const entryOf = (node: string, line: AuditLine): StreamEntry => ({
    stream: streamOf(line, known),
    text: JSON.stringify({ node, line: redact(line) }),
  });
  const linesSince = async (sinceMs: number) =>
    (await Promise.all(streams.map((stream) => pagesSince(door, key(stream), sinceMs)))).flat();
  return {
    keep(node, lines) {
      const read = lines.flatMap((text) => fromNode(text));
      return chains.update(node, (before) => {
        const { state, fresh } = follow(before, read, clock.nowMs());
        return { state, entries: fresh.map((line) => entryOf(node, line)) };
      });
    },
    append(writer, entry) {
      return chains.update(`cert=${writer}`, (before) => {
        const nowMs = clock.nowMs();
        const read = readAuditLine(chainLine(entry, before, nowMs).line);
        if ('problem' in read) throw new TypeError(`the line ${read.problem}`);
        const { state } = follow(before, [read.line], nowMs);
        return { state, entries: [entryOf(writer, read.line)] };
      });
    },
    async compare(node, told) {
      let wanted: WantedLines | null = null;
      await chains.update(node, (before) => {
        const compared = compareHead(before, told, clock.nowMs());
        wanted = compared.wanted;
        return { state: compared.state, entries: [] };
      });
      return wanted;
    },
    lose: (node, first) =>
      chains.update(node, (before) => ({ state: loseBelow(before, first), entries: [] })),
    find: async (query) => recordsIn(await linesSince(query.sinceMs - SKEW_MS), query),
    async linesOf(node) {
      const lines = (await linesSince(0)).filter((kept) => kept.node === node && isNodes(kept.line));
      return new Map(lines.map(({ line }) => [line.seq, line]));
    },
    async chains() {
      return (await chains.list()).map(({ name, seq, at_ms, missing, breaks }) => ({
        ...{ name, seq, at_ms, missing, breaks },
      }));
    },
  };
}

/** A line as a node may send it. */
function fromNode(text: string): AuditLine[] {
  const read = readAuditLine(text);
  return 'line' in read && isNodes(read.line) ? [read.line] : [];
}

function isNodes(line: AuditLine): boolean {
  return line.kind !== 'operation' && !(line.kind === 'outcome' && line.collective === undefined);
}

/** A node that makes names up fills one stream, not many. */
function streamOf(line: AuditLine, known: readonly string[]): string {
  if (line.kind === 'refused') return `:${REFUSED}`;
  if (line.kind === 'operation') return line.verdict === 'deny' ? `:${REFUSED}` : `:${CONTROLLERS}`;
  if (!isNodes(line)) return `:${CONTROLLERS}`;
  return 'collective' in line && line.collective !== undefined && known.includes(line.collective)
    ? line.collective
    : OTHER;
}

async function pagesSince(door: RedisDoor, key: string, sinceMs: number): Promise<KeptAuditLine[]> {
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

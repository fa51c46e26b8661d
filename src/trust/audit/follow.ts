import { z } from 'zod';
import type { AuditLine } from '../../core/audit.ts';
import { CHAIN_START, type ChainHead } from './chain.ts';

/** Hashes that are remembered, so that the same line again is told from another of its number: more than one event holds. */
const RECENT = 250;
const HASH_DIGITS = 12;
const MAX_MISSING = 20;
const MAX_BREAKS = 20;

/** Lines that never came. `lost`: the node has them no more. */
const Missing = z.strictObject({
  from: z.number().int(),
  to: z.number().int(),
  at_ms: z.number(),
  lost: z.boolean(),
});
/** A place where the chain is not the one that was known before. */
const Break = z.strictObject({ at_ms: z.number(), seq: z.number().int(), problem: z.string() });

/** What is remembered of the chain of one node, controller or operator. */
export const ChainState = z.strictObject({
  seq: z.number().int().min(0),
  hash: z.string(),
  /** When a line was last added, ms since the epoch. */
  at_ms: z.number(),
  /** Beginnings of the hashes of the last lines, the last one last; '' where a line is missing. */
  recent: z.array(z.string()),
  missing: z.array(Missing),
  breaks: z.array(Break),
});
export type ChainState = z.output<typeof ChainState>;

/** Of a chain of which nothing has come yet. */
export const NO_CHAIN: ChainState = { ...CHAIN_START, at_ms: 0, recent: [], missing: [], breaks: [] };

/**
 * Follows a chain as its lines arrive, in any order and more than once: gives those that are new. Holes are noted and
 * closed again when their lines come; another line in the place of a known one is a break, and the new one is followed
 * from then on. Lines from before what is remembered are taken for repeated ones. Pure.
 */
export function follow(
  before: ChainState,
  lines: readonly AuditLine[],
  nowMs: number,
): { state: ChainState; fresh: AuditLine[] } {
  let state = before;
  const fresh: AuditLine[] = [];
  for (const line of lines) {
    const next = line.seq > state.seq ? ahead(state, line, nowMs) : behind(state, line, nowMs);
    if (next === null) continue;
    state = { ...next, at_ms: nowMs };
    fresh.push(line);
  }
  return { state, fresh };
}

function ahead(state: ChainState, line: AuditLine, nowMs: number): ChainState {
  const gap = line.seq - state.seq - 1;
  const broken = gap === 0 && line.prev !== state.hash && state.hash !== '';
  const told = broken ? withBreak(state, line.seq, `does not follow number ${state.seq}`, nowMs) : state;
  const hole = { from: state.seq + 1, to: line.seq - 1, at_ms: nowMs, lost: false };
  const holes = Array.from({ length: Math.min(gap, RECENT) }, () => '');
  return {
    ...told,
    ...{ seq: line.seq, hash: line.hash },
    recent: [...state.recent, ...holes, short(line.hash)].slice(-RECENT),
    missing: gap === 0 ? state.missing : fewer([...state.missing, hole]),
  };
}

/** null for a line that is known. */
function behind(state: ChainState, line: AuditLine, nowMs: number): ChainState | null {
  const index = state.recent.length - 1 - (state.seq - line.seq);
  const known = state.recent[index];
  if (known === short(line.hash)) return null;
  if (known === undefined || known === '') {
    if (!state.missing.some(({ from, to }) => from <= line.seq && line.seq <= to)) return null;
    const recent = state.recent.map((hash, at) => (at === index ? short(line.hash) : hash));
    return { ...state, recent, missing: without(state.missing, line.seq) };
  }
  const told = withBreak(state, line.seq, 'came again, and is another line than before', nowMs);
  return {
    ...told,
    ...{ seq: line.seq, hash: line.hash },
    recent: [...state.recent.slice(0, index), short(line.hash)],
    missing: state.missing.filter(({ to }) => to < line.seq),
  };
}

/** What a node says of the end of its own audit, and when it said it. */
export interface ToldHead extends ChainHead {
  readonly atMs: number;
}

/** A node's clock may be behind by this, and what it said may have waited. */
const LATE_MS = 60_000;

/**
 * Compares a node's own word with what came of it: the state, with a break when the node has another chain now, and which
 * lines should be sent again, null when none. Pure.
 */
export function compareHead(
  state: ChainState,
  told: ToldHead,
  nowMs: number,
): { state: ChainState; wanted: { from: number; to: number } | null } {
  const known = state.recent[state.recent.length - 1 - (state.seq - told.seq)];
  const same = told.seq > state.seq || known === short(told.hash) || (told.seq === 0 && state.seq === 0);
  // Said before the last lines came: they are what counts.
  const old = told.seq < state.seq && (known === '' || told.atMs <= state.at_ms + LATE_MS);
  if (!same && !old) {
    const problem =
      told.seq < state.seq
        ? `is the last one of the node, and ${state.seq} were known: its audit was begun anew or cut`
        : 'is another line at the node than the one that came';
    const anew = { ...withBreak(state, told.seq, problem, nowMs), ...CHAIN_START, hash: '', recent: [] };
    return {
      state: { ...anew, missing: [] },
      wanted: told.seq === 0 ? null : { from: 1, to: told.seq },
    };
  }
  const hole = state.missing.find(({ lost }) => !lost);
  if (hole !== undefined) return { state, wanted: { from: hole.from, to: hole.to } };
  return { state, wanted: told.seq > state.seq ? { from: state.seq + 1, to: told.seq } : null };
}

/** Lines below `first` are not at the node any more: they are not asked for again. Pure. */
export function loseBelow(state: ChainState, first: number): ChainState {
  const missing = state.missing.flatMap((hole) => {
    if (hole.lost || hole.from >= first) return [hole];
    if (hole.to < first) return [{ ...hole, lost: true }];
    return [
      { ...hole, to: first - 1, lost: true },
      { ...hole, from: first },
    ];
  });
  return { ...state, missing };
}

function without(missing: ChainState['missing'], seq: number): ChainState['missing'] {
  return missing.flatMap((hole) => {
    if (seq < hole.from || seq > hole.to) return [hole];
    return [
      { ...hole, to: seq - 1 },
      { ...hole, from: seq + 1 },
    ].filter(({ from, to }) => from <= to);
  });
}

/** Of too many holes the two oldest become one that is too large: better than one forgotten. */
function fewer([first, second, ...others]: ChainState['missing']): ChainState['missing'] {
  if (first === undefined) return [];
  if (second === undefined) return [first];
  const all = [first, second, ...others];
  return all.length <= MAX_MISSING ? all : [{ ...first, to: second.to }, ...others];
}

function withBreak(state: ChainState, seq: number, problem: string, nowMs: number): ChainState {
  return { ...state, breaks: [...state.breaks, { at_ms: nowMs, seq, problem }].slice(-MAX_BREAKS) };
}

function short(hash: string): string {
  return hash.slice(0, HASH_DIGITS);
}

import type { Facts } from '../../src/core/inventory.ts';
import type { Log } from '../../src/core/log.ts';
import { MAX_FACTS_BYTES } from '../../src/core/messages.ts';
import { bytesOfFact, factsThatFit } from './parse.ts';

/** Facts of one place. */
export interface FactSource {
  /** Path of the file, or what else it is. */
  readonly name: string;
  readonly facts: Facts;
  /** Takes its room before all others do. */
  readonly first?: boolean;
}

/** What of a source found no room. */
export interface LeftOut {
  readonly source: string;
  /** How many facts. */
  readonly facts: number;
  /** JSON of all that the source had to give, in bytes. */
  readonly bytes: number;
}

const BRACES = 2;
const LEFT_OUT_CHARS = 500;
/** Room for the fact that says what found none. */
export const LEFT_OUT_BYTES = 4 * LEFT_OUT_CHARS;

/**
 * Merges sources, weakest first, into at most `maxBytes` of JSON. The smaller ones have room first, so a huge one takes it from itself
 * alone; of one that does not fit, its longest facts are left out. A fact that is left out is missing: a weaker source's value
 * does not take its place. Pure.
 */
export function mergeFacts(
  sources: readonly FactSource[],
  maxBytes: number,
): { readonly facts: Facts; readonly left: readonly LeftOut[] } {
  const all: Facts = Object.assign({}, ...sources.map(({ facts }) => facts));
  const winners = new Map(
    sources.flatMap((source) => Object.keys(source.facts).map((name) => [name, source])),
  );
  const won = new Map<FactSource | undefined, [string, string][]>();
  for (const fact of Object.entries(all)) {
    const winner = winners.get(fact[0]);
    const list = won.get(winner);
    if (list === undefined) won.set(winner, [fact]);
    else list.push(fact);
  }
  const shares = sources
    .map((source) => ({ source, facts: won.get(source) ?? [] }))
    .map((share) => ({ ...share, bytes: share.facts.reduce((sum, fact) => sum + bytesOfFact(fact), 0) }));
  let room = maxBytes - BRACES;
  if (shares.reduce((sum, { bytes }) => sum + bytes, 0) <= room) return { facts: all, left: [] };
  const kept = new Set<string>();
  const left: LeftOut[] = [];
  for (const { source, facts, bytes } of shares.sort(bySize)) {
    const fitting = bytes <= room ? facts : Object.entries(factsThatFit(Object.fromEntries(facts), room));
    for (const fact of fitting) {
      kept.add(fact[0]);
      room -= bytesOfFact(fact);
    }
    const lost = facts.length - fitting.length;
    if (lost > 0) left.push({ source: source.name, facts: lost, bytes });
  }
  return { facts: Object.fromEntries(Object.entries(all).filter(([name]) => kept.has(name))), left };
}

interface Share {
  readonly source: FactSource;
  readonly bytes: number;
}

function bySize(a: Share, b: Share): number {
  const first = Number(b.source.first ?? false) - Number(a.source.first ?? false);
  return first || a.bytes - b.bytes || (a.source.name < b.source.name ? -1 : 1);
}

/**
 * Says in the log, once until it changes, what found no room; gives the fact `muster_facts_left_out`, which says it to everybody
 * else, or none when all had room.
 */
export function leftOutTeller(log: Log): (left: readonly LeftOut[]) => Facts {
  let told = '';
  return (left) => {
    const now = left.map(({ source, facts, bytes }) => `${facts} of ${source} (${bytes} bytes)`).join(', ');
    if (now !== told)
      for (const { source: file, facts: left_out, bytes } of left)
        log.error(
          { code: 'CONFIG_INVALID', file, bytes, left_out, limit: MAX_FACTS_BYTES },
          'more facts than fit into a registration: the longest of this file are left out',
        );
    told = now;
    return now === '' ? {} : { muster_facts_left_out: now.slice(0, LEFT_OUT_CHARS) };
  };
}

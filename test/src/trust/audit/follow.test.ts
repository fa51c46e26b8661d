import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEntry, AuditLine } from '../../../../src/core/audit.ts';
import { CHAIN_START, chainLine, readAuditLine } from '../../../../src/trust/audit/chain.ts';
import {
  type ChainState,
  compareHead,
  follow,
  loseBelow,
  NO_CHAIN,
} from '../../../../src/trust/audit/follow.ts';

const entry = (id: string): AuditEntry => ({
  kind: 'outcome',
  ...{ request_id: id, caller: 'cert=alice', collective: 'mcollective', agent: 'a', action: 'b' },
  ...{ status: 0, code: null, took_ms: 1 },
});

/** The lines of a chain; `salt` makes another one. */
function chainOf(count: number, salt = ''): AuditLine[] {
  let head = CHAIN_START;
  return Array.from({ length: count }, (_, index) => {
    const next = chainLine(entry(`${salt}${index}`), head, 0);
    ({ head } = next);
    const read = readAuditLine(next.line);
    if ('problem' in read) throw new Error(read.problem);
    return read.line;
  });
}

/** Follows pieces one after the other; the numbers of what was new. */
function followAll(pieces: readonly (readonly AuditLine[])[], from: ChainState = NO_CHAIN) {
  let state = from;
  const seqs: number[] = [];
  for (const piece of pieces) {
    const next = follow(state, piece, 1000);
    ({ state } = next);
    seqs.push(...next.fresh.map(({ seq }) => seq));
  }
  return { state, seqs };
}

const LINES = chainOf(40);

describe('lines that arrive', () => {
  test('in any order and as often as they like are taken once each, and leave no hole and no break', () => {
    const order = fc
      .shuffledSubarray(
        LINES.map((_, index) => index),
        { minLength: LINES.length },
      )
      .chain((all) => fc.array(fc.nat(LINES.length - 1), { maxLength: 40 }).map((more) => [...all, ...more]));
    fc.assert(
      fc.property(order, (indexes) => {
        const { state, seqs } = followAll(indexes.map((index) => LINES.slice(index, index + 1)));
        expect(seqs.sort((a, b) => a - b)).toEqual(LINES.map(({ seq }) => seq));
        expect(state).toMatchObject({ seq: 40, missing: [], breaks: [] });
      }),
    );
  });

  test('with a hole name it, and close it when they come at last', () => {
    const { state } = followAll([LINES.slice(0, 5), LINES.slice(8, 12)]);
    expect(state.missing).toEqual([{ from: 6, to: 8, at_ms: 1000, lost: false }]);
    expect(state.breaks).toEqual([]);
    const closed = followAll([LINES.slice(4, 10)], state);
    expect(closed.seqs).toEqual([6, 7, 8]);
    expect(closed.state.missing).toEqual([]);
  });

  test('without their beginning say so', () => {
    expect(followAll([LINES.slice(9, 12)]).state.missing).toMatchObject([{ from: 1, to: 9 }]);
  });

  test('of a file that was written anew are a break, and are taken all the same', () => {
    const other = chainOf(12, 'x');
    const { state, seqs } = followAll([LINES.slice(0, 10), other]);
    expect(state.breaks).toEqual([{ at_ms: 1000, seq: 1, problem: expect.stringContaining('came again') }]);
    expect(seqs.slice(10)).toEqual(other.map(({ seq }) => seq));
    expect(state).toMatchObject({ seq: 12, hash: other[11]?.hash });
  });

  test('that go on behind another line than the one that came are a break', () => {
    const other = chainOf(12, 'x');
    const { state } = followAll([LINES.slice(0, 10), other.slice(10)]);
    expect(state.breaks).toMatchObject([{ seq: 11, problem: 'does not follow number 10' }]);
  });

  test('in ever so many holes do not grow what is remembered, and none is forgotten', () => {
    const many = chainOf(400);
    const { state } = followAll(many.filter(({ seq }) => seq % 2 === 1).map((line) => [line]));
    expect(state.missing.length).toBeLessThanOrEqual(20);
    expect(state.missing[0]?.from).toBe(2);
    expect(state.missing.at(-1)?.to).toBe(398);
    expect(state.recent.length).toBeLessThanOrEqual(250);
  });
});

describe("a node's word for the end of its audit", () => {
  const known = followAll([LINES.slice(0, 10)]).state;
  const told = (seq: number, lines = LINES, atMs = 1_000_000) => ({
    ...{ seq, hash: lines[seq - 1]?.hash ?? '', atMs },
  });

  test('asks for what never came, and for nothing when all is here', () => {
    expect(compareHead(known, told(10), 0)).toEqual({ state: known, wanted: null });
    expect(compareHead(known, told(14), 0).wanted).toEqual({ from: 11, to: 14 });
    const holed = followAll([LINES.slice(0, 3), LINES.slice(7, 10)]).state;
    expect(compareHead(holed, told(10), 0).wanted).toEqual({ from: 4, to: 7 });
    expect(compareHead(loseBelow(holed, 6), told(10), 0).wanted).toEqual({ from: 6, to: 7 });
    expect(compareHead(loseBelow(holed, 100), told(10), 0).wanted).toBeNull();
  });

  test('that goes back to what is known, as from an event that was late, is nothing', () => {
    expect(compareHead(known, told(7), 0)).toEqual({ state: known, wanted: null });
  });

  test('that names another line, or a lower number long after, is a break', () => {
    const other = chainOf(12, 'x');
    for (const [seq, lines] of [
      [10, other],
      [4, other],
    ] as const) {
      const { state, wanted } = compareHead(known, told(seq, lines), 5);
      expect(state.breaks).toMatchObject([{ seq, at_ms: 5 }]);
      expect(wanted).toEqual({ from: 1, to: seq });
      expect(follow(state, lines.slice(0, seq), 6).state.breaks).toHaveLength(1);
    }
    const long = followAll([chainOf(300)]).state;
    const { state } = compareHead(long, told(3), 5);
    expect(state.breaks[0]?.problem).toContain('begun anew or cut');
  });
});

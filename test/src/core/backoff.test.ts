import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/core/backoff.ts';

const setting = fc.record({
  attempt: fc.nat({ max: 10_000 }),
  baseMs: fc.integer({ min: 1, max: 60_000 }),
  capMs: fc.integer({ min: 1, max: 3_600_000 }),
  floorMs: fc.integer({ min: 0, max: 60_000 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

test('a wait is a whole number between the floor and the greater of cap and floor, whatever the attempt', () => {
  fc.assert(
    fc.property(setting, ({ attempt, random, ...bounds }) => {
      const waitMs = backoffMs(attempt, bounds, () => random);
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(bounds.floorMs);
      expect(waitMs).toBeLessThanOrEqual(Math.max(bounds.capMs, bounds.floorMs));
    }),
  );
});

test('with the same luck, a later attempt never waits less', () => {
  fc.assert(
    fc.property(setting, ({ attempt, random, ...bounds }) => {
      const [first, second] = [attempt, attempt + 1].map((n) => backoffMs(n, bounds, () => random));
      expect(second).toBeGreaterThanOrEqual(first ?? 0);
    }),
  );
});

test('the longest wait doubles with each attempt until the cap', () => {
  const longest = (attempt: number) => backoffMs(attempt, { baseMs: 1_000, capMs: 10_000 }, () => 1);
  expect([0, 1, 2, 3, 4, 50].map(longest)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test('the whole range is used, down to no wait at all', () => {
  expect(backoffMs(3, { baseMs: 1_000, capMs: 60_000 }, () => 0)).toBe(0);
  expect(backoffMs(3, { baseMs: 1_000, capMs: 60_000 }, () => 0.5)).toBe(4_000);
  expect(backoffMs(3, { baseMs: 1_000, capMs: 60_000, floorMs: 500 }, () => 0)).toBe(500);
});

test('waits of many that failed together differ', () => {
  const waits = Array.from({ length: 100 }, () => backoffMs(8, { baseMs: 1_000, capMs: 60_000 }));
  expect(new Set(waits).size).toBeGreaterThan(80);
});

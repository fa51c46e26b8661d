import { expect, test } from 'vitest';
import { type Counted, createFirstAndCount } from '../../../src/core/first-and-count.ts';

function counting(windowMs: number) {
  const told: Counted[] = [];
  return {
    told,
    own: createFirstAndCount({ windowMs, maxSamples: 2, tell: (piece) => void told.push(piece) }),
  };
}

test('a hundred thousand of one kind are two pieces: the first at once, the others when the window ends', async () => {
  const { told, own } = counting(100);
  for (let number = 0; number < 100_000; number++) own.add('SIGNATURE', `n${number}`);
  expect(told).toEqual([{ kind: 'SIGNATURE', count: 1, samples: ['n0'] }]);
  await expect.poll(() => told).toHaveLength(2);
  expect(told[1]).toEqual({ kind: 'SIGNATURE', count: 99_999, samples: ['n1', 'n2'] });
  own.add('SIGNATURE', null);
  expect(told[2]).toEqual({ kind: 'SIGNATURE', count: 1, samples: [] });
});

test('kinds do not hide each other, and what is held back can be told at once', () => {
  const { told, own } = counting(60_000);
  for (const kind of ['A', 'B', 'A', 'A']) own.add(kind, null);
  own.flush();
  expect(told.map(({ kind, count }) => [kind, count])).toEqual([
    ['A', 1],
    ['B', 1],
    ['A', 2],
  ]);
});

test('ever new kinds do not make it grow', () => {
  const { told, own } = counting(60_000);
  for (let number = 0; number < 10_000; number++) own.add(`K${number}`, null);
  expect(told.length).toBeLessThanOrEqual(101);
  own.flush();
  expect(told.at(-1)).toMatchObject({ kind: 'OTHER' });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MusterError } from '../../src/core/errors.ts';
import { limitMs, sureMs, timed } from './cost.ts';
import { loadTargets } from './load.ts';
import { mutate, randomOf } from './mutate.ts';
import { type FuzzTarget, feed } from './target.ts';

const RUNS = 10_000;
const targets = await loadTargets();

describe.each(targets)('the reader of: $name', (target) => {
  test('takes what is genuine (so that the refusals below mean something)', () => {
    for (const genuine of target.genuine) expect(feed(target, genuine)).toEqual({ kind: 'genuine' });
  });

  test('refuses ten thousand hostile inputs with an error of ours, none of them slowly', () => {
    const limit = limitMs(target);
    let slowestMs = 0;
    const startedBytes = process.memoryUsage.rss();
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const input = mutate(target, randomOf(seed));
        const { verdict, ms } = timed(target, input);
        slowestMs = Math.max(slowestMs, sureMs(target, input, ms, limit));
        expect(verdict).not.toHaveProperty('detail');
      }),
      { numRuns: RUNS },
    );
    expect(slowestMs).toBeLessThan(limit);
    expect(process.memoryUsage.rss() - startedBytes).toBeLessThan(512 * 1024 ** 2);
  }, 120_000);
});

describe('a fault is found', () => {
  const planted = (read: FuzzTarget['read']): FuzzTarget => ({
    name: 'x',
    genuine: [Buffer.from('a')],
    read,
  });
  const other = Buffer.from('b');

  test('when a reader crashes, takes a changed message, or refuses', () => {
    const crash = planted(() => JSON.parse('{'));
    expect(feed(crash, other)).toMatchObject({ kind: 'crashed' });
    expect(
      feed(
        planted(() => 1),
        other,
      ),
    ).toMatchObject({ kind: 'accepted' });
    const refusal = planted(() => {
      throw new MusterError('SECURITY_REJECTED', 'SIZE: x');
    });
    expect(feed(refusal, other)).toEqual({ kind: 'refused', reason: 'SIZE' });
  });

  test('when an input takes far longer than the genuine ones', () => {
    const spin = (rounds: number) => {
      for (let i = 0; i < rounds; i++) Math.sqrt(i);
    };
    const slow = planted((input) => spin(input.equals(other) ? 2e8 : 1));
    const limit = limitMs(slow);
    expect(sureMs(slow, other, timed(slow, other).ms, limit)).toBeGreaterThan(limit);
    // One that was slow once, by chance, is not.
    expect(sureMs(slow, Buffer.from('a'), limit + 1, limit)).toBeLessThan(limit);
  });

  test('and made again from its seed', () => {
    const make = () => mutate({ genuine: [Buffer.from('genuine')] }, randomOf(42));
    expect(make()).toEqual(make());
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MusterError } from '../../src/core/errors.ts';
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
    let slowestMs = 0;
    const startedBytes = process.memoryUsage.rss();
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const before = process.cpuUsage();
        const verdict = feed(target, mutate(target.genuine, randomOf(seed)));
        const { user, system } = process.cpuUsage(before);
        slowestMs = Math.max(slowestMs, (user + system) / 1000);
        expect(verdict).not.toHaveProperty('detail');
      }),
      { numRuns: RUNS },
    );
    expect(slowestMs).toBeLessThan(1000);
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

  test('and made again from its seed', () => {
    const make = () => mutate([Buffer.from('genuine')], randomOf(42));
    expect(make()).toEqual(make());
  });
});

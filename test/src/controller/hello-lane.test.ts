import { describe, expect, it } from 'vitest';
import { createLane } from '../../../src/controller/hello-lane.ts';
import { createTally } from '../../../src/controller/hello-tally.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/core/log.ts';

/** A lane whose work ends when the test says so. */
function aLane(limits: { waiting: number; busy: number }) {
  const [begun, shed, ends]: [number[], number[], (() => void)[]] = [[], [], []];
  const work = (item: number) => {
    begun.push(item);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  const lane = createLane<number>({ work, shed: (item) => shed.push(item), limits });
  return { lane, begun, shed, endAll: () => ends.splice(0).map((end) => end()) };
}

describe('the lane of hellos', () => {
  it('takes the newest first', async () => {
    const { lane, begun } = aLane({ waiting: 10, busy: 10 });
    for (const item of [1, 2, 3]) lane.put(item);
    await expect.poll(() => begun).toEqual([3, 2, 1]);
  });

  it('sheds the oldest when too many wait, each item once and none twice', async () => {
    const { lane, begun, shed, endAll } = aLane({ waiting: 3, busy: 1 });
    for (let item = 1; item <= 10; item++) lane.put(item);
    expect(shed).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect
      .poll(() => {
        endAll();
        return begun;
      })
      .toEqual([10, 9, 8]);
  });

  it('works on no more than it may at a time', async () => {
    const { lane, begun, endAll } = aLane({ waiting: 10, busy: 2 });
    for (const item of [1, 2, 3]) lane.put(item);
    await expect.poll(() => begun).toEqual([3, 2]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(begun).toEqual([3, 2]);
    endAll();
    await expect.poll(() => begun).toEqual([3, 2, 1]);
  });

  it('takes in a backlog before it opens much of it, and goes on opening however long that lasts', async () => {
    const { lane, begun, endAll } = aLane({ waiting: 1000, busy: 1 });
    let rounds = 0;
    // Twenty in every round of the event loop, a hundred rounds.
    for (; rounds < 100; rounds++) {
      for (let item = 0; item < 20; item++) lane.put(rounds);
      await new Promise((resolve) => setImmediate(resolve));
      endAll();
    }
    expect(begun.length).toBeGreaterThan(10);
    expect(begun.length).toBeLessThan(34);
  });

  it('opens one in every round when few arrive', async () => {
    const { lane, begun } = aLane({ waiting: 1000, busy: 1000 });
    for (let round = 0; round < 100; round++) {
      lane.put(round);
      lane.put(round);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(begun.length).toBeGreaterThan(90);
  });

  it('still takes what comes later', async () => {
    const { lane, begun } = aLane({ waiting: 10, busy: 10 });
    lane.put(1);
    await expect.poll(() => begun).toEqual([1]);
    lane.put(2);
    await expect.poll(() => begun).toEqual([1, 2]);
  });
});

describe('the tally of refusals', () => {
  const operations = { note: async () => undefined };
  it('writes once a second and reason, and keeps what Redis did not take', async () => {
    const written: [string, number | undefined][] = [];
    let down = true;
    const refused = async (reason: string, count?: number) => {
      if (down) throw new MusterError('REDIS_UNREACHABLE', 'away');
      written.push([reason, count]);
    };
    const tally = createTally({ claims: { refused }, operations, log: silentLog, clock: systemClock });
    for (let i = 0; i < 1000; i++) tally.count('FORMAT', 'x');
    tally.count('SIZE', 'x');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(written).toEqual([]);
    down = false;
    tally.count('SIZE', 'x');
    await expect
      .poll(() => written, { timeout: 5000 })
      .toEqual([
        ['FORMAT', 1000],
        ['SIZE', 2],
      ]);
  });

  it('lets fifty refusals a second be answered', () => {
    let nowMs = 5_000_100;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const tally = createTally({
      claims: { refused: async () => undefined },
      operations,
      log: silentLog,
      clock,
    });
    const answered = () => Array.from({ length: 80 }, () => tally.mayAnswer()).filter(Boolean).length;
    expect([answered(), answered()]).toEqual([50, 0]);
    nowMs += 1000;
    expect(answered()).toBe(50);
  });
});
